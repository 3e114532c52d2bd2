//! The table of rights.
//!
//! Every route states what it needs ([`Needs`]); the gate in front of it compares that with the
//! caller's relation to the project ([`Standing`]) by [`allows`]. Nothing else decides.

use super::behaviour::Rules;
use super::store::users::User;
use crate::wire::ProjectPermissions;

/// What an operation needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: no key is read.
    Nothing,
    /// Any valid key, of any audience.
    AnyKey,
    /// A valid key for the API.
    User,
    /// The caller is the user in the path, or a site administrator.
    Oneself,
    /// The caller is a site administrator.
    SiteAdmin,
    /// A right in the project that the path names.
    Project(Right),
}

/// A right in a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// See the project and everything in it.
    Read,
    /// Call its models.
    Call,
    /// Restart and stop its deployments.
    Operate,
    /// Create and change its models, builds and deployments.
    Write,
    /// Change or delete the project, and its collaborators.
    Administer,
    /// Transfer the project to another owner.
    Transfer,
}

/// A collaborator's permission (`read` SPEC, `write` and `admin` OBSERVED, `operator` INFERRED).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    Read,
    Operator,
    Write,
    Admin,
}

/// A caller's relation to a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// No access; the project does not exist for this caller.
    Outsider,
    /// Any user, in a project that is not private.
    Reader,
    Collaborator(Permission),
    Owner,
    SiteAdmin,
}

/// The table.
///
/// That the site administrator may do everything, the owner everything, a project administrator
/// everything, a contributor create models, a viewer read and call, is DOCS (ml-adding-collaborators,
/// ml-model-api-key-for-models); cells that ask `rules` are INFERRED.
pub fn allows(standing: Standing, right: Right, rules: &Rules) -> bool {
    use Permission::{Admin, Operator, Read, Write};
    let [read, call, operate, write, administer, transfer] = match standing {
        // read, call, operate, write, administer, transfer
        Standing::Outsider => [false; 6],
        Standing::Reader => [true, rules.public_readers_call_models, false, false, false, false],
        Standing::Collaborator(Read) => [true, true, false, false, false, false],
        Standing::Collaborator(Operator) => [true, true, rules.operators_restart_models, false, false, false],
        Standing::Collaborator(Write) => [true, true, true, true, false, false],
        Standing::Collaborator(Admin) => {
            [true, true, true, true, true, rules.project_admins_transfer_projects]
        }
        Standing::Owner => [true; 6],
        Standing::SiteAdmin => [true, rules.site_admins_call_models, true, true, true, true],
    };
    match right {
        Right::Read => read,
        Right::Call => call,
        Right::Operate => operate,
        Right::Write => write,
        Right::Administer => administer,
        Right::Transfer => transfer,
    }
}

impl Right {
    /// The permission to ask for, as named on the wire.
    pub fn permission(self) -> &'static str {
        match self {
            Self::Read | Self::Call => "read",
            Self::Operate => "operator",
            Self::Write => "write",
            Self::Administer => "admin",
            Self::Transfer => "owner",
        }
    }
}

impl Permission {
    /// Reads a permission from the wire; `operator` is this backend's name for that one.
    pub fn parse(text: &str, operator: &str) -> Option<Self> {
        match text {
            "read" => Some(Self::Read),
            "write" => Some(Self::Write),
            "admin" => Some(Self::Admin),
            text if text == operator => Some(Self::Operator),
            _ => None,
        }
    }
}

/// The relation of `user` to a project of `owner_id`; `permission` is the user's as a collaborator,
/// and `public` says whether everyone may read it.
pub fn standing(
    user: &User,
    owner_id: i64,
    permission: Option<&str>,
    public: bool,
    operator: &str,
) -> Standing {
    if user.id == owner_id {
        return Standing::Owner;
    }
    if user.admin {
        return Standing::SiteAdmin;
    }
    // A permission that this version does not know allows only reading.
    match permission.map(|text| Permission::parse(text, operator).unwrap_or(Permission::Read)) {
        Some(permission) => Standing::Collaborator(permission),
        None if public => Standing::Reader,
        None => Standing::Outsider,
    }
}

/// The caller's own rights, as the wire reports them.
pub fn permissions(standing: Standing, rules: &Rules) -> ProjectPermissions {
    ProjectPermissions {
        read: allows(standing, Right::Read, rules),
        write: allows(standing, Right::Write, rules),
        admin: allows(standing, Right::Administer, rules),
        operator: allows(standing, Right::Operate, rules),
        business_user: false,
        inherit: false,
    }
}
