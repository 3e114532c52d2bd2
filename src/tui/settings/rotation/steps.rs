//! The steps of a rotation as a state machine. It asks nothing and shows nothing.
//!
//! | step | what happens | next step | keys that exist then |
//! |---|---|---|---|
//! | (none) | a yes to "Create successor" | creating | the old one |
//! | creating | the workbench answers with a key | both | the old one, the new one |
//! | creating | it refuses, there is no answer, the user cancels | (none) | the old one; after silence perhaps a new one |
//! | both | the new key is copied or saved | both, kept | both |
//! | both | a model is called with the new key | both, proven or not | both |
//! | both | a yes to "Delete the old key" | deleting | both, until the answer |
//! | deleting | deleted | (none) | the new one |
//! | deleting | it refuses, there is no answer, the user cancels | both | both; after silence perhaps only the new one |
//! | any | one of the two is deleted in another way | (none) | the other |
//! | any | the program ends | | what existed: the old key works until it is deleted here |
//!
//! Nothing leads to "deleting" but that yes, whatever a test answered.

use jiff::Timestamp;

use crate::actions::rotation::ByHand;
use crate::tui::event::Proof;
use crate::tui::requests::RequestId;
use crate::wire::V2KeyDetails;

/// One key that gets a successor.
#[derive(Debug, Clone, PartialEq)]
pub struct Rotation {
    pub old: V2KeyDetails,
    pub step: Step,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `earlier` is the successor of a rotation that was left with both keys, and begun anew.
    Creating {
        request: RequestId,
        earlier: Option<Successor>,
    },
    Both(Successor),
    Deleting {
        request: RequestId,
        successor: Successor,
    },
}

/// The key that replaces another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Successor {
    pub key_id: String,
    /// When it was handed over: copied, saved, or signed in with.
    pub handed_over: Option<Timestamp>,
    pub proof: Proof,
}

impl Rotation {
    /// The same rotation, as the plan sees it.
    pub fn by_hand(&self) -> ByHand<'_> {
        let successor = self.successor();
        ByHand {
            old: &self.old,
            successor: successor.map(|new| new.key_id.as_str()),
            handed_over: successor.and_then(|new| new.handed_over),
        }
    }

    /// The new key, once it is there.
    pub fn successor(&self) -> Option<&Successor> {
        match &self.step {
            Step::Creating { earlier, .. } => earlier.as_ref(),
            Step::Both(successor) | Step::Deleting { successor, .. } => Some(successor),
        }
    }

    /// The same, to record the next step.
    pub fn successor_mut(&mut self) -> Option<&mut Successor> {
        match &mut self.step {
            Step::Creating { earlier, .. } => earlier.as_mut(),
            Step::Both(successor) | Step::Deleting { successor, .. } => Some(successor),
        }
    }
}

/// All rotations that have not come to their end; no key has two.
#[derive(Debug, Default)]
pub struct Rotations(Vec<Rotation>);

impl Rotations {
    pub fn all(&self) -> &[Rotation] {
        &self.0
    }

    /// The rotation of the key `old_id`.
    pub fn of(&self, old_id: &str) -> Option<&Rotation> {
        self.0.iter().find(|rotation| rotation.old.key_id == old_id)
    }

    /// The rotation whose new key is `key_id`.
    pub fn to(&self, key_id: &str) -> Option<&Rotation> {
        self.0.iter().find(|rotation| rotation.successor().is_some_and(|new| new.key_id == key_id))
    }

    /// A successor of `old` is being created.
    pub fn creating(&mut self, request: RequestId, old: V2KeyDetails) {
        let before = self.take(|rotation| rotation.old.key_id == old.key_id);
        let earlier = before.and_then(|rotation| rotation.successor().cloned());
        self.0.push(Rotation { old, step: Step::Creating { request, earlier } });
    }

    /// A rotation that was begun before this run, or elsewhere on this machine.
    pub fn take_up(&mut self, old: V2KeyDetails, successor: Successor) {
        self.0.push(Rotation { old, step: Step::Both(successor) });
    }

    /// Whether `request` creates a successor.
    pub fn awaits(&self, request: RequestId) -> bool {
        self.0.iter().any(|rotation| is_creating(rotation, request))
    }

    /// The successor exists: returns the key that it replaces.
    pub fn created(&mut self, request: RequestId, key_id: &str) -> Option<V2KeyDetails> {
        let rotation = self.0.iter_mut().find(|rotation| is_creating(rotation, request))?;
        let key_id = key_id.to_owned();
        rotation.step = Step::Both(Successor { key_id, handed_over: None, proof: Proof::Untried });
        Some(rotation.old.clone())
    }

    /// There is no successor, as far as is known: gives the key that works on.
    pub fn not_created(&mut self, request: RequestId) -> Option<V2KeyDetails> {
        let Rotation { old, step } = self.take(|rotation| is_creating(rotation, request))?;
        if let Step::Creating { earlier: Some(earlier), .. } = step {
            self.0.push(Rotation { old: old.clone(), step: Step::Both(earlier) });
        }
        Some(old)
    }

    /// The new key `key_id` was handed over: returns its rotation, the first time.
    pub fn handed_over(&mut self, key_id: &str, at: Timestamp) -> Option<&Rotation> {
        let successor = self.successor_mut(key_id).filter(|new| new.handed_over.is_none())?;
        successor.handed_over = Some(at);
        self.to(key_id)
    }

    /// A model was called with the new key `key_id`; the newest call counts.
    pub fn tested(&mut self, key_id: &str, proof: Proof) {
        if let Some(successor) = self.successor_mut(key_id) {
            successor.proof = proof;
        }
    }

    /// The old key is being deleted, after a yes.
    pub fn deleting(&mut self, old_id: &str, request: RequestId) {
        let Some(rotation) = self.0.iter_mut().find(|rotation| rotation.old.key_id == old_id) else { return };
        if let Step::Both(successor) = &rotation.step {
            rotation.step = Step::Deleting { request, successor: successor.clone() };
        }
    }

    /// Deleting was refused or cancelled: both keys exist, as far as is known. Returns the old one.
    pub fn not_deleted(&mut self, request: RequestId) -> Option<&V2KeyDetails> {
        let is_it = |step: &Step| matches!(step, Step::Deleting { request: other, .. } if *other == request);
        let rotation = self.0.iter_mut().find(|rotation| is_it(&rotation.step))?;
        if let Step::Deleting { successor, .. } = &rotation.step {
            rotation.step = Step::Both(successor.clone());
        }
        Some(&rotation.old)
    }

    /// Keys no longer exist: returns the rotations that end because of it.
    pub fn gone(&mut self, is_gone: impl Fn(&str) -> bool) -> Vec<Rotation> {
        let ended = |rotation: &mut Rotation| {
            let new_gone = rotation.successor().is_some_and(|new| is_gone(&new.key_id));
            if let (Step::Creating { earlier, .. }, true) = (&mut rotation.step, new_gone) {
                // The one that is being created has not come yet.
                *earlier = None;
                return false;
            }
            // While a successor is being created, its rotation waits for the answer.
            let waits = matches!(rotation.step, Step::Creating { .. });
            !waits && (new_gone || is_gone(&rotation.old.key_id))
        };
        self.0.extract_if(.., ended).collect()
    }

    fn successor_mut(&mut self, key_id: &str) -> Option<&mut Successor> {
        self.0.iter_mut().filter_map(Rotation::successor_mut).find(|new| new.key_id == key_id)
    }

    fn take(&mut self, wanted: impl Fn(&Rotation) -> bool) -> Option<Rotation> {
        let at = self.0.iter().position(wanted)?;
        Some(self.0.remove(at))
    }
}

fn is_creating(rotation: &Rotation, request: RequestId) -> bool {
    matches!(rotation.step, Step::Creating { request: other, .. } if other == request)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATE: RequestId = RequestId(1);
    const DELETE: RequestId = RequestId(2);

    fn old() -> V2KeyDetails {
        V2KeyDetails { key_id: "old".into(), ..V2KeyDetails::default() }
    }

    fn creating() -> Rotations {
        let mut rotations = Rotations::default();
        rotations.creating(CREATE, old());
        rotations
    }

    fn both() -> Rotations {
        let mut rotations = creating();
        assert_eq!(rotations.created(CREATE, "new"), Some(old()));
        rotations
    }

    fn step(rotations: &Rotations) -> Option<&Step> {
        rotations.of("old").map(|rotation| &rotation.step)
    }

    #[test]
    fn what_is_not_created_leaves_no_rotation() {
        let mut rotations = creating();
        assert!(rotations.awaits(CREATE) && !rotations.awaits(DELETE));
        assert_eq!(rotations.not_created(CREATE), Some(old()));
        assert!(step(&rotations).is_none() && rotations.not_created(CREATE).is_none());
        assert!(rotations.created(CREATE, "late").is_none(), "an answer that is not awaited");
    }

    #[test]
    fn one_that_is_begun_anew_and_fails_is_where_it_was() {
        let mut rotations = both();
        rotations.handed_over("new", Timestamp::UNIX_EPOCH);
        rotations.creating(RequestId(7), old());
        rotations.not_created(RequestId(7));
        let Some(Step::Both(successor)) = step(&rotations) else { panic!("{rotations:?}") };
        assert!(successor.key_id == "new" && successor.handed_over.is_some());
        rotations.creating(RequestId(8), old());
        rotations.created(RequestId(8), "newer");
        assert!(rotations.to("new").is_none() && rotations.to("newer").is_some());
    }

    #[test]
    fn keeping_and_testing_change_no_step() {
        let mut rotations = both();
        rotations.handed_over("new", Timestamp::UNIX_EPOCH);
        let passed = Proof::Passed { model: "p/add".into(), status: 200, replica: Some("add-1".into()) };
        rotations.tested("new", passed.clone());
        let successor = rotations.to("new").and_then(Rotation::successor).unwrap();
        assert_eq!(
            successor,
            &Successor { key_id: "new".into(), handed_over: Some(Timestamp::UNIX_EPOCH), proof: passed }
        );
        assert_eq!(successor.proof.text(), "proven by p/add: 200 from replica add-1");
        let failed = Proof::Failed { model: "p/add".into(), why: "no connection".into() };
        rotations.tested("new", failed.clone());
        assert!(
            matches!(step(&rotations), Some(Step::Both(new)) if new.proof == failed),
            "the newest counts"
        );
    }

    #[test]
    fn deleting_ends_it_or_leads_back_to_both() {
        let mut rotations = both();
        rotations.deleting("old", DELETE);
        assert!(matches!(step(&rotations), Some(Step::Deleting { .. })));
        assert_eq!(rotations.not_deleted(DELETE), Some(&old()));
        assert!(matches!(step(&rotations), Some(Step::Both(_))));
        rotations.deleting("old", DELETE);
        let ended = rotations.gone(|id| id == "old");
        assert_eq!(ended[0].successor().map(|new| new.key_id.as_str()), Some("new"));
        assert!(step(&rotations).is_none() && rotations.not_deleted(DELETE).is_none());
    }

    #[test]
    fn a_successor_that_is_gone_replaces_nothing() {
        let mut rotations = both();
        assert!(rotations.gone(|id| id == "other").is_empty());
        assert_eq!(rotations.gone(|id| id == "new").len(), 1);
        assert!(step(&rotations).is_none());
        // One that is being created is not in any list yet.
        let mut rotations = creating();
        assert!(rotations.gone(|id| id != "old").is_empty() && rotations.awaits(CREATE));
    }
}
