//! The bytes of an input file: those that are sent are those that were checked.
//!
//! The file is read twice, and other programs may write to it in between. The first reading seals it:
//! after each block it keeps the SHA-256 of everything so far, 32 bytes for a quarter of a megabyte.
//! The second reading gives out no block that differs.

use std::fs::{File, Metadata};
use std::io::{self, BufRead, Read};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use ring::digest::{Context, SHA256};

use crate::{bounded, text};

/// Size of a block.
const BLOCK: usize = 256 * 1024;

type Mark = [u8; 32];

/// What a file was when it was read as a whole.
#[derive(Debug, Clone)]
pub struct Seal {
    found: Found,
    /// After each block, the hash of everything so far.
    marks: Arc<[Mark]>,
}

impl Seal {
    /// SHA-256 of the file.
    pub fn hash(&self) -> String {
        self.marks.last().map(|mark| text::hex(mark)).unwrap_or_default()
    }

    /// Whether `file` has not been written to or replaced since, as far as its metadata says.
    pub fn is_untouched(&self, file: &Path) -> bool {
        std::fs::metadata(file).is_ok_and(|found| Found::of(&found) == self.found)
    }
}

/// Which file it was, and when it was written to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    file: (u64, u64),
    length: u64,
    modified: Option<SystemTime>,
}

impl Found {
    fn of(found: &Metadata) -> Self {
        let file = (found.dev(), found.ino());
        Self { file, length: found.len(), modified: found.modified().ok() }
    }
}

/// Another program has changed a file between the two readings.
#[derive(Debug, thiserror::Error)]
#[error("it has changed since it was checked")]
pub(super) struct Changed;

impl Changed {
    pub fn is(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|error| error.is::<Self>())
    }
}

/// One reading of a file.
pub(super) struct Source {
    file: File,
    found: Found,
    hash: Context,
    /// Of this reading.
    marks: Vec<Mark>,
    /// Of the first one.
    seal: Option<Seal>,
    block: Vec<u8>,
    /// So much of the block was given out.
    at: usize,
    /// The block is the last one.
    is_last: bool,
}

impl Source {
    /// Opens a regular file. With a `seal` only what it was then is given out.
    pub fn open(path: &Path, seal: Option<Seal>) -> io::Result<Self> {
        let (file, found) = bounded::open(path)?;
        let mut source = Self {
            file,
            found: Found::of(&found),
            hash: Context::new(&SHA256),
            marks: Vec::new(),
            seal,
            block: Vec::with_capacity(BLOCK),
            at: 0,
            is_last: false,
        };
        // A byte order mark is no part of the first row.
        if source.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
            source.consume(3);
        }
        Ok(source)
    }

    /// What was read, if that was the whole file.
    pub fn seal(&self) -> Option<Seal> {
        self.is_last.then(|| Seal { found: self.found.clone(), marks: self.marks.as_slice().into() })
    }

    fn next_block(&mut self) -> io::Result<()> {
        (self.at, self.is_last) = (0, false);
        self.block.clear();
        self.file.by_ref().take(BLOCK as u64).read_to_end(&mut self.block)?;
        self.is_last = self.block.len() < BLOCK;
        self.hash.update(&self.block);
        let mut mark = Mark::default();
        mark.copy_from_slice(self.hash.clone().finish().as_ref());
        let expected = self.seal.as_ref().map(|seal| seal.marks.get(self.marks.len()));
        if expected.is_some_and(|expected| expected != Some(&mark)) {
            self.block.clear();
            return Err(io::Error::other(Changed));
        }
        self.marks.push(mark);
        Ok(())
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.block.len() && !self.is_last {
            self.next_block()?;
        }
        Ok(&self.block[self.at..])
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount;
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(buffer)?;
        self.consume(n);
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path, seal: Option<&Seal>) -> (Vec<u8>, io::Result<Option<Seal>>) {
        let mut bytes = Vec::new();
        let read = Source::open(path, seal.cloned())
            .and_then(|mut source| source.read_to_end(&mut bytes).map(|_| source.seal()));
        (bytes, read)
    }

    #[test]
    fn nothing_is_given_out_that_was_not_there_at_the_first_reading() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.jsonl");
        for length in [0, 10, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 3 * BLOCK + 10] {
            let old: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            std::fs::write(&path, &old).unwrap();
            let (bytes, sealed) = read(&path, None);
            let seal = sealed.unwrap().unwrap();
            assert_eq!(bytes, old);
            assert_eq!(seal.hash(), text::hex(ring::digest::digest(&SHA256, &old).as_ref()));
            assert!(read(&path, Some(&seal)).1.is_ok(), "{length}");

            let mut other = old.clone();
            other.extend(b"more");
            let mut changes = vec![other];
            if length > 0 {
                let mut last = old.clone();
                last[length - 1] ^= 1;
                let mut first = old.clone();
                first[0] ^= 1;
                changes.extend([Vec::new(), old[..length - 1].to_vec(), last, first]);
            }
            for change in changes {
                std::fs::write(&path, &change).unwrap();
                let (bytes, read) = read(&path, Some(&seal));
                assert!(Changed::is(&read.unwrap_err()), "{length} → {}", change.len());
                assert!(old.starts_with(&bytes), "{length} → {}", change.len());
            }
        }
    }
}
