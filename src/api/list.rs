//! Streams lists: `{"keys":[…],"next_page_token":"…"}`, one element at a time.
//!
//! Only the element being received and the members beside the list are held in memory, so this
//! program, not the backend, decides how much memory an answer takes.

use memchr::memchr2;
use secrecy::zeroize::Zeroizing;

use super::masked;
use crate::secret;

/// Largest element of a list, in bytes: the environment of a project may hold whole files.
const ELEMENT: usize = 1 << 20;
/// Largest size of the members beside the list, in bytes.
const BESIDE: usize = 64 << 10;
/// A secret up to this length is found even if it spans two chunks of an answer.
const OVERLAP: usize = 512;

/// Splits an answer into elements.
pub(super) struct ListReader {
    /// The member that holds the list.
    member: &'static str,
    /// The answer without the elements of the list.
    beside: Vec<u8>,
    element: Zeroizing<Vec<u8>>,
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// The last string on the first level, and the member that is being read.
    string: Vec<u8>,
    name: Vec<u8>,
    list: List,
    elements: usize,
    /// The end of the previous chunk, and whether a secret of this process was seen.
    tail: Zeroizing<Vec<u8>>,
    holds_secret: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    Awaited,
    /// Open brackets within the element.
    Open {
        inner: usize,
    },
    Ended,
}

impl ListReader {
    pub fn new(member: &'static str) -> Self {
        Self {
            member,
            beside: Vec::new(),
            element: Zeroizing::default(),
            depth: 0,
            in_string: false,
            escaped: false,
            string: Vec::new(),
            name: Vec::new(),
            list: List::Awaited,
            elements: 0,
            tail: Zeroizing::default(),
            holds_secret: false,
        }
    }

    /// Takes the next chunk of the answer, and passes each element that it completes to `each`.
    ///
    /// # Errors
    /// Malformed JSON, and the errors of `each`.
    pub fn push(
        &mut self,
        piece: &[u8],
        each: &mut dyn FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<(), String> {
        self.search(piece);
        let mut rest = piece;
        while let Some(&byte) = rest.first() {
            // Inside a string, skip to its end or to an escape.
            let plain = match self.in_string && !self.escaped {
                true => memchr2(b'"', b'\\', rest).unwrap_or(rest.len()),
                false => 0,
            };
            if plain > 0 {
                self.keep(&rest[..plain])?;
                rest = &rest[plain..];
                continue;
            }
            match self.list {
                List::Open { inner } if !self.in_string => self.step_in_list(byte, inner, each)?,
                _ => self.step(byte)?,
            }
            rest = &rest[1..];
        }
        Ok(())
    }

    /// The answer without the elements of its list.
    ///
    /// # Errors
    /// If the list does not end.
    pub fn end(self) -> Result<Vec<u8>, String> {
        let mut beside = self.beside;
        if self.list == (List::Open { inner: 0 }) || self.in_string || self.depth > 0 {
            return Err("it is not the JSON expected (it ends too early)".to_owned());
        }
        if self.holds_secret {
            masked::mask(&mut beside);
        }
        Ok(beside)
    }

    /// Searches for secrets, also across two chunks.
    fn search(&mut self, piece: &[u8]) {
        if self.holds_secret {
            return;
        }
        let seam = &piece[..piece.len().min(OVERLAP)];
        self.tail.extend_from_slice(seam);
        self.holds_secret = secret::holds_secret(&self.tail) || secret::holds_secret(piece);
        let last = if piece.len() > OVERLAP { &piece[piece.len() - OVERLAP..] } else { &[] };
        if !last.is_empty() {
            self.tail.clear();
            self.tail.extend_from_slice(last);
        } else if self.tail.len() > OVERLAP {
            let gone = self.tail.len() - OVERLAP;
            self.tail.drain(..gone);
        }
    }

    /// One byte outside the elements, or inside a string.
    fn step(&mut self, byte: u8) -> Result<(), String> {
        if self.in_string {
            let ends = byte == b'"' && !self.escaped;
            self.escaped = byte == b'\\' && !self.escaped;
            self.in_string = !ends;
            return if ends && self.list_is_closed() { self.beside(&[byte]) } else { self.keep(&[byte]) };
        }
        match byte {
            b'"' => {
                self.in_string = true;
                if self.depth == 1 {
                    self.string.clear();
                }
            }
            b'[' if self.depth == 1 && self.list == List::Awaited && self.name == self.member.as_bytes() => {
                self.list = List::Open { inner: 0 };
            }
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            b':' if self.depth == 1 => self.name = std::mem::take(&mut self.string),
            b',' if self.depth == 1 => self.name.clear(),
            _ => {}
        }
        self.beside(&[byte])
    }

    /// One byte of the list, outside strings.
    fn step_in_list(
        &mut self,
        byte: u8,
        inner: usize,
        each: &mut dyn FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<(), String> {
        match byte {
            b',' | b']' if inner == 0 => {
                let is_empty = self.element.trim_ascii().is_empty();
                // `[]` has no element, and a comma must be followed by one.
                if !(is_empty && byte == b']' && self.elements == 0) {
                    self.complete(each)?;
                }
                if byte == b']' {
                    self.list = List::Ended;
                    return self.beside(b"]");
                }
                return Ok(());
            }
            b'{' | b'[' => self.list = List::Open { inner: inner + 1 },
            b'}' | b']' => self.list = List::Open { inner: inner.saturating_sub(1) },
            b'"' => self.in_string = true,
            _ => {}
        }
        self.keep(&[byte])
    }

    fn complete(&mut self, each: &mut dyn FnMut(&[u8]) -> Result<(), String>) -> Result<(), String> {
        self.elements += 1;
        if self.holds_secret {
            masked::mask(&mut self.element);
        }
        let outcome = each(&self.element);
        self.element.clear();
        outcome
    }

    fn list_is_closed(&self) -> bool {
        !matches!(self.list, List::Open { .. })
    }

    /// Appends to the element, or to the members beside the list.
    fn keep(&mut self, bytes: &[u8]) -> Result<(), String> {
        if self.list_is_closed() {
            if self.in_string && self.depth == 1 && self.string.len() <= self.member.len() {
                self.string.extend_from_slice(bytes);
            }
            return self.beside(bytes);
        }
        if self.element.len() + bytes.len() > ELEMENT {
            return Err(format!("an element of its list is larger than {} MiB", ELEMENT >> 20));
        }
        self.element.extend_from_slice(bytes);
        Ok(())
    }

    fn beside(&mut self, bytes: &[u8]) -> Result<(), String> {
        if self.beside.len() + bytes.len() > BESIDE {
            return Err(format!("what stands beside its list is larger than {} KiB", BESIDE >> 10));
        }
        self.beside.extend_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The elements and the remaining members, with the answer in chunks of `step` bytes.
    fn read(answer: &str, step: usize) -> Result<(Vec<String>, String), String> {
        let mut reader = ListReader::new("keys");
        let mut elements = Vec::new();
        for piece in answer.as_bytes().chunks(step) {
            reader.push(piece, &mut |element| {
                let _: serde_json::Value =
                    serde_json::from_slice(element).map_err(|error| error.to_string())?;
                elements.push(String::from_utf8_lossy(element).trim().to_owned());
                Ok(())
            })?;
        }
        let beside = reader.end()?;
        let _: serde_json::Value = serde_json::from_slice(&beside).map_err(|error| error.to_string())?;
        Ok((elements, String::from_utf8_lossy(&beside).into_owned()))
    }

    #[test]
    fn elements_are_those_of_the_list_however_the_answer_comes() {
        let cases: [(&str, &[&str], &str); 7] = [
            (
                r#"{"keys":[{"a":1},{"b":[2,{"c":"],}\"["}]} ],"next":"x"}"#,
                &[r#"{"a":1}"#, r#"{"b":[2,{"c":"],}\"["}]}"#],
                r#"{"keys":[],"next":"x"}"#,
            ),
            (r#"{"total":"2","keys":[1]}"#, &["1"], r#"{"total":"2","keys":[]}"#),
            (r#"{"keys":[ ]}"#, &[], r#"{"keys":[]}"#),
            (r#"{"keys":null}"#, &[], r#"{"keys":null}"#),
            (r#"{"other":{"keys":[1]},"x":["keys",[2]]}"#, &[], r#"{"other":{"keys":[1]},"x":["keys",[2]]}"#),
            (r#"{"a":"keys","b":[1]}"#, &[], r#"{"a":"keys","b":[1]}"#),
            (r#"{"keyses":[1],"keys":[[1],["\\"]]}"#, &["[1]", r#"["\\"]"#], r#"{"keyses":[1],"keys":[]}"#),
        ];
        for (answer, elements, beside) in cases {
            for step in [1, 2, 7, 1000] {
                let found = read(answer, step).unwrap();
                assert_eq!(
                    (found.0.as_slice(), found.1.as_str()),
                    (elements.iter().map(|e| (*e).to_owned()).collect::<Vec<_>>().as_slice(), beside),
                    "{answer}"
                );
            }
        }
    }

    #[test]
    fn broken_lists_are_refused() {
        for answer in [
            r#"{"keys":[1,]}"#,
            r#"{"keys":[,1]}"#,
            r#"{"keys":[1,,2]}"#,
            r#"{"keys":[1 2]}"#,
            r#"{"keys":[1"#,
            r#"{"keys":["#,
            r#"{"keys":[{]}"#,
            r#"{"keys":[1]"#,
            r#"{"keys":[1]}}"#,
            r#"{"keys":[1]] }"#,
            r#"{"keys":["a]}"#,
            "",
            r#"{"keys":[1]"next":2}"#,
        ] {
            for step in [1, 1000] {
                assert!(read(answer, step).is_err(), "{answer}");
            }
        }
    }

    #[test]
    fn what_has_no_end_is_given_up_early() {
        let endless = format!("{{\"keys\":[\"{}", "x".repeat(ELEMENT + 1));
        assert!(read(&endless, 4096).unwrap_err().contains("larger than 1 MiB"));
        let endless = format!("{{\"name\":\"{}", "x".repeat(BESIDE + 1));
        assert!(read(&endless, 4096).unwrap_err().contains("larger than 64 KiB"));
    }

    #[test]
    fn a_secret_in_a_list_is_masked_also_where_it_comes_in_two_pieces() {
        let text = format!("{}.{}", "5ec0".repeat(16), "5ec1".repeat(16));
        let _held = crate::secret::ApiKey::from_workbench(text.clone());
        let first = &text[..64];
        let answer = format!(r#"{{"keys":[{{"key_id":"{first}","comments":"is {text}"}}],"x":"{first}"}}"#);
        for step in [1, 50, 10_000] {
            let (elements, beside) = read(&answer, step).unwrap();
            assert_eq!(elements[0], format!(r#"{{"key_id":"{first}","comments":"is ••••"}}"#));
            assert_eq!(beside, r#"{"keys":[],"x":"••••"}"#);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_answer_is_read_as_serde_reads_it(answer in "\\{\"keys\":\\[?[\\[\\]{}:,\"\\\\a1 ]{0,24}\\}?", step in 1_usize..9) {
            let whole: Option<serde_json::Value> = serde_json::from_str(&answer).ok();
            let read = read(&answer, step).ok();
            if let Some(list) = whole.as_ref().and_then(|whole| whole["keys"].as_array()) {
                let one_member = answer.matches("\"keys\"").count() == 1;
                proptest::prop_assert!(!one_member || read.as_ref().is_some_and(|(elements, _)| elements.len() == list.len()));
            }
            proptest::prop_assert!(read.is_none() || whole.is_some(), "{}", answer);
        }
    }
}
