//! All refusals of the workbench: one table, each row with its name in a behaviour file.

/// How certain it is that the real product answers like this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sure {
    /// From a page of its documentation, or seen on a real instance.
    Known,
    /// Reasoned; answers carry `X-Keybench-Inferred`.
    Inferred,
}

/// The form of a refusal: gRPC code, HTTP status if it is not the code's own, text, and the whole
/// body if it is not `{"error","code","message"}`.
///
/// In the text, `{name}` is replaced by a value; in the body, `{message}` by the text, escaped for
/// JSON, and `{status}` by the HTTP status.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    pub why: Why,
    pub name: &'static str,
    pub sure: Sure,
    pub code: i32,
    pub status: Option<u16>,
    pub text: &'static str,
    pub body: Option<&'static str>,
}

macro_rules! optional {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}

macro_rules! refusals {
    ($($why:ident $name:literal $sure:ident $code:literal $(status $status:literal)? $text:literal $(body $body:expr)?;)+) => {
        /// Why the workbench refuses.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Why { $(#[doc = $text] $why),+ }

        /// One row per [`Why`], in its order.
        pub const FORMS: &[Form] = &[$(
            Form {
                why: Why::$why,
                name: $name,
                sure: Sure::$sure,
                code: $code,
                status: optional!($($status)?),
                text: $text,
                body: optional!($($body)?),
            }
        ),+];
    };
}

/// The model service's answer instead of the function's: `errors`, a map of label and text, and no
/// `success` (OBSERVED as depended on: two programs look for `success` first). The label is
/// OBSERVED for a timeout, INFERRED for the rest.
const MODEL: &str = r#"{"errors":{"error while calling model":"{message}"}}"#;

/// The text is DOCS (ml-generating-model-api-key); that it is a member of `errors` is INFERRED.
const MODEL_REFUSED: &str = r#"{"errors":{"User APikey not authorized to access model":"Check APIKEY permissions or model authentication permissions"}}"#;

/// `model.busy` is DOCS (ml-calling-a-model), its position in the body INFERRED.
const MODEL_BUSY: &str = r#"{"errors":{"error while calling model":"{message}"},"error":{"code":"model.busy","message":"{message}"}}"#;

/// A key without an audience that the model service accepts.
const MODEL_AUDIENCE: &str = r#"{"errors":{"error while calling model":"{message}"},"error":"{message}","code":7,"message":"{message}"}"#;

/// The replica's own failure: OBSERVED in a gateway's tests and in CAI workshop notes.
const MODEL_FAILED: &str = r#"{"success":false,"StatusCode":{status}}"#;

/// A key that does not open a model: the documented text, and what is wrong with the key.
const MODEL_KEY: &str = r#"{"errors":{"User APikey not authorized to access model":"Check APIKEY permissions or model authentication permissions"},"error":"{message}","code":16,"message":"{message}"}"#;

refusals! {
    // Authentication
    // Text and status of the first two are OBSERVED, the text of the third is CLAIMED.
    MissingKey "missing-key" Known 16 "no \"authorization\" header";
    MalformedKey "malformed-key" Known 2 "malformed apikey";
    MissingScheme "missing-scheme" Inferred 16 "missing \"Bearer\" prefix in \"authorization\" header";
    UnknownKey "unknown-key" Inferred 16 "the API key is not known; it may have been deleted";
    ExpiredKey "expired-key" Inferred 16 "the API key expired at {expired}";
    ClosedAccount "closed-account" Inferred 16 "the user of the API key is banned or deactivated";
    AudienceMismatch "audience-mismatch" Known 7 "audience mismatch";
    // Rights
    NotAdministrator "not-administrator" Inferred 7 "only a site administrator may do this";
    ForeignUser "foreign-user" Inferred 7 "only the user or a site administrator may do this";
    NotPermitted "not-permitted" Inferred 7 "this needs the permission {needed} in the project";
    // What is requested
    UnknownUser "unknown-user" Inferred 5 "there is no user {user}";
    UnknownKeyId "unknown-key-id" Inferred 5 "the user has no API key with this Key ID";
    HiddenProject "hidden-project" Inferred 5 "there is no project {project}";
    UnknownCollaborator "unknown-collaborator" Inferred 5 "{user} is not a collaborator of the project";
    UnknownModel "unknown-model" Inferred 5 "there is no model {model} in the project";
    UnknownBuild "unknown-build" Inferred 5 "there is no build {build} of the model";
    UnknownDeployment "unknown-deployment" Inferred 5 "there is no deployment {deployment} of the build";
    UnknownPath "unknown-path" Inferred 5 "there is nothing at this path";
    WrongMethod "wrong-method" Inferred 12 status 405 "this path does not take this method";
    NotServed "not-served" Inferred 12 "{operation} exists in Cloudera AI and is not served by the embedded workbench";
    // How it is requested
    MalformedBody "malformed-body" Inferred 3 "the body is not the JSON object expected here: {detail}";
    HeadTooLarge "head-too-large" Inferred 8 status 431 "the head of the request has more than {limit} bytes";
    NoHost "no-host" Inferred 3 "an HTTP/1.1 request must have exactly one Host header";
    BodyTooLarge "body-too-large" Inferred 8 status 413 "the body is larger than {limit} bytes";
    BadValue "bad-value" Inferred 3 "{name} is invalid: {detail}";
    BadPageSize "bad-page-size" Inferred 3 "page_size must be a whole number from 0 to 2147483647";
    BadPageToken "bad-page-token" Inferred 3 "page_token was not given by this workbench for this list, filter and sort";
    BadFilter "bad-filter" Inferred 3 "search_filter must be a JSON object of texts with keys of [{keys}]: {detail}";
    BadSort "bad-sort" Inferred 3 "sort must be a list of keys of [{keys}], each with + or - before it: {detail}";
    BadAudience "bad-audience" Inferred 3 "an audience is API or Application, not {audience}";
    MalformedDate "malformed-date" Inferred 3 "{text} is not a date (RFC 3339 or YYYY-MM-DD); a key may last {limit} days, to {last}";
    PastDate "past-date" Inferred 3 "{text} has passed; a key may last {limit} days, to {last}";
    DateBeyondLimit "date-beyond-limit" Inferred 3 "{text} is beyond the limit: a key may last {limit} days, to {last}";
    OwnerAsCollaborator "owner-as-collaborator" Inferred 3 "{user} owns the project and cannot be its collaborator";
    DuplicateProject "duplicate-project" Inferred 6 "you have a project of this name already";
    // Programs look for the second half of the text (OBSERVED); the first is DOCS (known issue
    // DSE-7509).
    DuplicateModel "duplicate-model" Inferred 6 "Failed to create model: the project already has a model with that name";
    NotNow "not-now" Inferred 9 "{detail}";
    // The workbench itself
    StoreFailed "store-failed" Inferred 14 "the store could not do this, and nothing was changed; try again";
    StoreFull "store-full" Inferred 14 "the disk of this server is full, and nothing was changed; make room, and try again";
    Internal "internal" Inferred 13 "the workbench failed; this is a bug of keybench";
    // Model calls
    ModelRefused "model-refused" Inferred 16 "User APikey not authorized to access model" body MODEL_REFUSED;
    ModelKeyRefused "model-key-refused" Inferred 16 "{detail}" body MODEL_KEY;
    ModelAudienceMismatch "model-audience-mismatch" Inferred 7 "audience mismatch" body MODEL_AUDIENCE;
    ModelUnknown "model-unknown" Inferred 5 "there is no model with this access key" body MODEL;
    ModelDeleted "model-deleted" Inferred 5 "the model with this access key was deleted" body MODEL;
    ModelNotDeployed "model-not-deployed" Inferred 14 "the model is not deployed: its deployment is {status}" body MODEL;
    ModelBadRequest "model-bad-request" Inferred 3 "the body is not the JSON object expected here: {detail}" body MODEL;
    ModelTooLarge "model-too-large" Inferred 8 status 413 "the body is larger than {limit} bytes" body MODEL;
    ModelFailed "model-failed" Known 3 "the function failed" body MODEL_FAILED;
    ModelBusy "model-busy" Known 8 "no replica was free in time" body MODEL_BUSY;
    // That there is such an error is DOCS (cdsw-models-debug-deployed); its form is not known.
    ModelShutDown "model-shut-down" Inferred 13 "unexpected model shutdown" body MODEL;
    // OBSERVED, text and status.
    ModelTimeout "model-timeout" Known 4 status 500 "context deadline exceeded" body MODEL;
}

impl Why {
    /// The row of this refusal.
    pub fn form(self) -> &'static Form {
        // The rows are in the order of the variants; a test checks that.
        &FORMS[self as usize]
    }
}

/// The HTTP status of a gRPC code, as stock grpc-gateway v1 maps it (INFERRED).
pub fn http_status(code: i32) -> u16 {
    match code {
        0 => 200,
        1 => 408,
        3 | 9 | 11 => 400,
        4 => 504,
        5 => 404,
        6 | 10 => 409,
        7 => 403,
        8 => 429,
        12 => 501,
        14 => 503,
        16 => 401,
        _ => 500,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_one_row_a_refusal() {
        for (at, form) in FORMS.iter().enumerate() {
            assert_eq!(form.why as usize, at, "{}", form.name);
            assert_eq!(FORMS.iter().filter(|other| other.name == form.name).count(), 1, "{}", form.name);
        }
    }
}
