//! Whether it is worth going on after users whose keys could not be read: one user may be out of reach,
//! but a workbench that has gone must not fill the report with them.

use crate::api::Error;

/// Users in a row without an answer that mean that the workbench has gone.
const IN_A_ROW: usize = 3;

/// Counts them.
#[derive(Debug, Default)]
pub struct Outage(usize);

impl Outage {
    /// Whether the audit ends here: the credential is no longer taken, or the workbench no longer answers.
    pub fn begins(&mut self, error: Option<&Error>) -> bool {
        match error {
            Some(Error::Refused { status: 401, .. }) => return true,
            Some(Error::NoAnswer { .. } | Error::Refused { status: 502..=504, .. }) => self.0 += 1,
            _ => self.0 = 0,
        }
        self.0 >= IN_A_ROW
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Reason;

    fn refused(status: u16) -> Error {
        Error::Refused {
            operation: "listing API keys",
            status,
            code: None,
            message: String::new(),
            request_id: None,
            retry_after: None,
        }
    }

    fn no_answer() -> Error {
        let detail = String::new();
        Error::NoAnswer { operation: "listing API keys", reason: Reason::Timeout, detail, changes: false }
    }

    #[test]
    fn one_user_out_of_reach_is_no_outage() {
        let mut outage = Outage::default();
        for _ in 0..5 {
            assert!(!outage.begins(Some(&no_answer())));
            assert!(!outage.begins(Some(&refused(503))));
            assert!(!outage.begins(None));
            assert!(!outage.begins(Some(&refused(403))));
        }
    }

    #[test]
    fn a_workbench_that_has_gone_ends_the_audit_and_so_does_a_key_that_was_deleted() {
        let mut outage = Outage::default();
        assert!(!outage.begins(Some(&no_answer())));
        assert!(!outage.begins(Some(&refused(502))));
        assert!(outage.begins(Some(&no_answer())));
        assert!(Outage::default().begins(Some(&refused(401))));
    }
}
