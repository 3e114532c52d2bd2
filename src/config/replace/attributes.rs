//! Access lists and attributes of a file that is replaced.

use std::fs::File;
use std::path::Path;

use rustix::fs::{XattrFlags, fsetxattr, lgetxattr, llistxattr};

/// Maximum size of a list of attributes and of an attribute, as the kernel has it.
const ATTRIBUTES: usize = 64 << 10;
/// The attribute with the access list of a file.
pub(super) const ACCESS_LIST: &[u8] = b"system.posix_acl_access";

/// Gives the new file the access list and the attributes of the old one, as far as the file system takes
/// them: before its mode, which says what the list may allow at most.
pub(super) fn keep(new: &File, old: &Path) {
    let mut names = vec![0; ATTRIBUTES];
    let Ok(length) = llistxattr(old, &mut names) else { return };
    for name in names[..length].split(|byte| *byte == 0) {
        if name != ACCESS_LIST && !name.starts_with(b"user.") {
            continue;
        }
        let mut value = vec![0; ATTRIBUTES];
        if let Ok(length) = lgetxattr(old, name, &mut value) {
            let _ = fsetxattr(new, name, &value[..length], XattrFlags::empty());
        }
    }
}
