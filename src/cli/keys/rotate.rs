//! `keys rotate`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use crate::actions::key_file::KeyFile;
use crate::actions::rotation::{self, BUSY, HandOver, Notice, Request, Rotated, Verify};
use crate::actions::{Event, Progress, clock};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::models::call::read_request;
use crate::cli::options::ClockArgs;
use crate::cli::output::{self, delivered};
use crate::cli::times::{day, in_utc};
use crate::cli::values::{self, Owner};
use crate::config::Session;
use crate::config::replace::Access;
use crate::text;
use crate::wire::time;

#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "Examples:
  keybench keys rotate 'nightly scoring' --output /etc/scoring/key --verify churn-prod/churn
  keybench keys rotate dashboard --due 30d --grace 2d --exec ./hand-over.sh --record /secret/id

Use one NAME for one service, and rotate it from one machine only. While its key has more than --due
left, nothing is created. Otherwise keybench creates a new key (same audiences), tests it and hands
it over. A later run deletes each older key once --grace has passed since its successor was handed
over, or once the key has expired. A key of that name that is newer than the one handed over is
removed if a rotation on this machine created it and it never reached the service. If none did, it
was made by hand or on another machine: nothing is done, and the run ends with 8 (contested). The
keys of services of a manifest are not for this command: `keybench fleet apply` rotates them.

The file of --output holds only the key, so `$(cat FILE)` is the key; its first half is its Key ID.
If the workbench uses other ids, a second line has the Key ID (# keybench key_id=…), and
`head -n1 FILE` is the key. The key in the file is the current one: without the file, a new key is
created, whatever keys of that name exist. A file with other content, or with a key of another name,
is not replaced; one with a revoked key is. A run that fails or is killed leaves the current key
working, and the next run goes on. Ends with 0 if the current key has more than --due left, or a new
one was handed over. If another run is rotating the same name or file, this one ends with 75 and
changes nothing.

--exec runs a shell command with the key on its standard input and KEYBENCH_KEY_ID in its
environment. The current key is then noted in the configuration folder, or read from --record: a file
with the Key ID, which the command itself must write. It may be absent, but not empty. A key that was
given to the command may be in use, however the command ended: it is kept until a later hand-over has
ended well and --grace has passed. With 5 such keys, no further key is created.

The key that a workbench gave to the session this runs in is never rotated or deleted.")]
pub struct RotateArgs {
    /// The keys' name (comment), or the id of one of them, even if gone; 8 digits or more of it
    #[arg(value_name = "NAME|KEY_ID")]
    pub name: String,
    /// Create a new key once the current one has this long left, or less
    #[arg(long, value_name = "DAYS", default_value = "14d", value_parser = values::days, allow_hyphen_values = true)]
    pub due: u32,
    /// Keep the older keys for this long after their successor was handed over
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = values::span, allow_hyphen_values = true)]
    pub grace: Duration,
    /// Day on which the new key expires: 2027-01-31, +90d, '3 months', default or max
    #[arg(long, value_name = "DAY", default_value = "default", value_parser = values::expires, allow_hyphen_values = true)]
    pub expires: String,
    /// Call this model with the new key before it is handed over; again for up to 31 s while it is
    /// busy or being deployed
    #[arg(long, value_name = "MODEL")]
    pub verify: Option<String>,
    /// Request for --verify, as JSON or @FILE, instead of the model's example
    #[arg(long, value_name = "JSON|@FILE", requires = "verify")]
    pub request: Option<String>,
    /// Hand over to this file, which is replaced as a whole and keeps owner, group and mode
    #[arg(long, value_name = "FILE", conflicts_with = "exec")]
    pub output: Option<PathBuf>,
    /// Mode of the file of --output [default: as it is; 0600 for a new one]
    #[arg(long, value_name = "MODE", requires = "output", value_parser = values::mode)]
    pub mode: Option<u32>,
    /// Owner of the file of --output [default: as it is]
    #[arg(long, value_name = "USER[:GROUP]", requires = "output", value_parser = values::owner)]
    pub owner: Option<Owner>,
    /// Hand over to this shell command, on its standard input
    #[arg(long, value_name = "COMMAND")]
    pub exec: Option<String>,
    /// Stop the command of --exec, with all that it started, after this time
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = values::duration, requires = "exec", allow_hyphen_values = true)]
    pub exec_timeout: Duration,
    /// File in which the command of --exec keeps the Key ID of the key that it got
    #[arg(long, value_name = "FILE", conflicts_with = "output")]
    pub record: Option<PathBuf>,
    #[command(flatten)]
    pub clock: ClockArgs,
    /// What the key is for: API, Application; may be given several times [default: as the key before]
    #[arg(long, value_name = "AUDIENCE", value_parser = values::audience)]
    pub audience: Vec<String>,
    /// Create, hand over and delete nothing: show what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Delete no older keys
    #[arg(long)]
    pub keep_old: bool,
    /// The keys of this user instead of your own
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
}

pub async fn run(context: &Context, args: RotateArgs) -> Result<Exit, Failure> {
    if args.dry_run {
        return foresee(context, args).await;
    }
    let session = context.session_to_change("rotating a key")?;
    let request = request(context, &session, args).await?;
    let output = request_output(&request.hand_over);
    let (prints, keep_old) = (matches!(request.hand_over, HandOver::Return), request.keep_old);
    rotation::can_prove(&session, request.verify.as_ref()).await?;
    let rotated = rotation::run(&session, request, &Said { context, keep_old }).await?;
    let printed = print(context, &rotated, output.as_deref(), prints);
    match &rotated.created {
        Some(created) if prints => delivered(printed, &created.key_id)?,
        _ => printed?,
    }
    match rotated.not_deleted {
        None => Ok(Exit::Done),
        Some(not_deleted) => {
            let mut failure = Failure::from(not_deleted.error);
            failure.message =
                format!("{} (key {}); the next run tries again", failure.message, not_deleted.key_id);
            Err(failure)
        }
    }
}

async fn request(context: &Context, session: &Session, args: RotateArgs) -> Result<Request, Failure> {
    let hand_over = match (args.output, args.exec) {
        (Some(file), _) => {
            let owner = args.owner.unwrap_or_default();
            let access = Access { mode: args.mode, owner: owner.user, group: owner.group };
            let file = KeyFile::replacing(&file, access)?;
            context.warn_of_storage(&file);
            HandOver::File(file)
        }
        (None, Some(command)) if command.trim().is_empty() => {
            return Err(Failure::invalid("the command of --exec is empty")
                .hint("give a shell command that reads the key from its standard input"));
        }
        (None, Some(command)) => HandOver::Command { command, patience: args.exec_timeout },
        (None, None) => {
            output::refuse_nowhere()?;
            HandOver::Return
        }
    };
    let request = args.request.as_deref().map(read_request).transpose()?;
    let verify = args.verify.map(|model| Verify { model, request, busy: BUSY });
    let services = services(context, session, args.user.clone()).await?;
    Ok(Request {
        name: args.name,
        user: args.user,
        due_days: args.due,
        grace: args.grace,
        expires: args.expires,
        audiences: args.audience,
        known: None,
        in_use: None,
        verify,
        hand_over,
        record: args.record,
        clock_difference: args.clock.clock_difference,
        only_later: false,
        keep_old: args.keep_old,
        services,
    })
}

/// The services that use keys of `user`, each with its manifest.
async fn services(
    context: &Context,
    session: &Session,
    user: Option<String>,
) -> Result<BTreeMap<String, PathBuf>, Failure> {
    let known = context.service_keys(session);
    if known.is_empty() {
        return Ok(BTreeMap::new());
    }
    let own = context.user(session, session.username.clone()).await?;
    let user = user.as_deref().unwrap_or(&own);
    let of_user = known.of_user(&own, user).into_iter();
    Ok(of_user.map(|(name, manifest)| (name.to_owned(), manifest.to_owned())).collect())
}

/// What a run would do; ends as the run would, as far as that can be known.
async fn foresee(context: &Context, args: RotateArgs) -> Result<Exit, Failure> {
    let session = context.session()?;
    let request = request(context, &session, args).await?;
    rotation::can_prove(&session, request.verify.as_ref()).await?;
    let outlook = rotation::look(&session, &request).await?;
    let (plan, keep_old) = (&outlook.plan, request.keep_old);
    let expiry = outlook.current().map(|key| key.expiry_date.as_str()).unwrap_or_default();
    let exit = if matches!(outlook.action(), "contested" | "blocked") { Exit::No } else { Exit::Done };
    if context.out.json {
        let kept = plan.in_grace.iter();
        let kept = kept.map(|(id, until)| json!({ "key_id": id, "until": until.map(time::format) }));
        context.out.document(&json!({
            "dry_run": true,
            "name": outlook.name,
            "username": outlook.username,
            "action": outlook.action(),
            "reason": outlook.reason(),
            "key_id": plan.current.as_deref().unwrap_or_default(),
            "expiry_date": in_utc(expiry),
            "would_delete": plan.outlived,
            "would_remove_never_handed_over": plan.never_handed_over,
            "in_doubt": plan.in_doubt,
            "contested": plan.contested,
            "kept": kept.collect::<Vec<_>>(),
        }))?;
        return Ok(exit);
    }
    let name = &outlook.name;
    let mut lines = vec![match (outlook.action(), outlook.reason()) {
        ("contested", _) => {
            format!("{name}: would do nothing: a newer key of this name was made in another way")
        }
        ("blocked", _) => format!("{name}: would do nothing: too many keys may be in use"),
        (_, Some(reason)) => {
            let missing = outlook.missing.as_deref().map(no_file);
            format!("{name}: would create a key: {}", missing.as_deref().unwrap_or(reason))
        }
        ("clean_up", _) => format!("{name}: would clean up"),
        _ => format!("{name}: nothing to do, the current key expires {}", day(expiry)),
    }];
    if outlook.missing.is_some() {
        lines.extend([older_keys(keep_old), NO_FILE].map(str::to_owned));
    }
    lines.extend(plan.contested.iter().map(|id| format!("not made by a rotation on this machine: {id}")));
    let never = plan.never_handed_over.iter();
    lines.extend(never.map(|id| format!("would remove {id}, which was never handed over")));
    lines.extend(plan.outlived.iter().map(|id| format!("would delete {id}")));
    context.out.lines(&lines)?;
    Ok(exit)
}

fn request_output(hand_over: &HandOver) -> Option<PathBuf> {
    match hand_over {
        HandOver::File(file) => Some(file.path().to_owned()),
        HandOver::Command { .. } | HandOver::Return => None,
    }
}

/// What to do where the file is missing that says which key a service has.
const NO_FILE: &str = "if the file was moved or renamed, name it as it is called now";

fn no_file(file: &Path) -> String {
    format!("there is no key in {}, so the key in use is not known", file.display())
}

/// What becomes of the keys of which one may be in use.
fn older_keys(keep_old: bool) -> &'static str {
    match keep_old {
        true => "older keys of this name stay",
        false => "older keys of this name are deleted once --grace has passed",
    }
}

/// Says what a rotation does while it does it.
struct Said<'a> {
    context: &'a Context,
    keep_old: bool,
}

impl Progress for Said<'_> {
    fn on(&self, event: Event<'_>) {
        let context = self.context;
        match event {
            Event::KeyCreated { key_id } => context.done(format!(
                "key {key_id} was created; unless it was handed over, the next run removes it"
            )),
            Event::KeyHandedOver { key_id } => context.done(format!("key {key_id} was handed over")),
            Event::Rotation(notice) => self.notice(notice),
            other => context.on(other),
        }
    }
}

impl Said<'_> {
    fn notice(&self, notice: Notice<'_>) {
        let warning = match notice {
            Notice::Creating { name, why } => {
                return self.context.out.note(&format!("{name}: {why}, creating a key"));
            }
            Notice::NoFile { name, file } => {
                let (why, older) = (no_file(file), older_keys(self.keep_old));
                let message = format!("{name}: {why}: creating a new one; {older}");
                return self.context.out.warn("rotation", &message, Some(NO_FILE));
            }
            Notice::OwnSpared { key_id } if !self.keep_old => {
                let note = format!("key {key_id} is the one that you are signed in with: it is not deleted");
                return self.context.out.note(&note);
            }
            Notice::OwnSpared { .. } => return,
            Notice::Removing { name, key } => {
                let made = in_utc(&key.created_at).unwrap_or_else(|| "at an unknown time".to_owned());
                format!(
                    "{name}: removing key {}, made {made} by a run that broke off: it never reached the service",
                    key.key_id
                )
            }
            Notice::OtherAudiences { name, other, model } => {
                let mut own = model.audiences.clone();
                own.sort();
                format!(
                    "{name}: key {} is for {}, the successor is for {} only, as key {} is",
                    text::short_id(&other.key_id),
                    other.audiences.join(" and "),
                    own.join(" and "),
                    text::short_id(&model.key_id)
                )
            }
            Notice::DueAlready { name, expiry, due_days } => format!(
                "{name}: the new key is due already, as it expires {} and --due is {due_days} days: each run \
                 will make another one; give a smaller --due, or a longer --expires",
                day(expiry)
            ),
            Notice::NoTime => clock::NO_TIME.to_owned(),
            Notice::Revoked { file } => format!(
                "the workbench does not accept the key in {} any more: a new one replaces it",
                file.display()
            ),
            Notice::Exposed { problem } => problem.to_owned(),
            Notice::Unrecorded { file, key_id, noted } => {
                let rest = match noted {
                    true => "it is noted here until the file changes",
                    false => "and nothing can be noted here: the next run will make another key",
                };
                format!(
                    "{} does not name key {key_id} after the hand-over, as the command of --exec should have seen \
                     to; {rest}",
                    file.display()
                )
            }
        };
        self.context.out.warn("rotation", &warning, None);
    }
}

fn print(context: &Context, rotated: &Rotated, output: Option<&Path>, prints: bool) -> Result<(), Failure> {
    match context.out.json {
        true => context.out.document(&document(rotated, output, prints)),
        false => context.out.lines(&lines(rotated, output, prints)),
    }
}

/// It holds the key itself only if that is the hand-over.
fn document(rotated: &Rotated, output: Option<&Path>, prints: bool) -> Value {
    let kept = rotated.kept.iter();
    let kept = kept.map(|(id, until)| json!({ "key_id": id, "until": until.map(time::format) }));
    let mut document = json!({
        "name": rotated.name,
        "username": rotated.username,
        "action": rotated.action(),
        "reason": rotated.reason,
        "key_id": rotated.current.as_deref().unwrap_or_default(),
        "expiry_date": in_utc(&rotated.expiry),
        "deleted": rotated.deleted,
        "removed_never_handed_over": rotated.removed_never_handed_over,
        "kept": kept.collect::<Vec<_>>(),
        "kept_own": rotated.spared,
    });
    if let Some(file) = output {
        document["output"] = json!(file);
    }
    if let Some(created) = rotated.created.as_ref().filter(|_| prints) {
        document["api_key"] = json!(created.api_key.expose());
    }
    document
}

fn lines(rotated: &Rotated, output: Option<&Path>, prints: bool) -> Vec<String> {
    let (name, current) = (&rotated.name, rotated.current.as_deref().unwrap_or_default());
    let expires = day(&rotated.expiry);
    let mut lines = Vec::new();
    if let Some(created) = &rotated.created {
        lines.extend(output.map(|file| format!("the key is in {}", file.display())));
        lines.extend(prints.then(|| format!("Key:      {}", created.api_key.expose())));
    }
    lines.push(match rotated.action() {
        "rotated" if rotated.is_first => {
            format!("{name}: created, the current key is {current}, expires {expires}")
        }
        "rotated" => format!("{name}: rotated, the current key is {current}, expires {expires}"),
        "cleaned_up" => format!("{name}: cleaned up, the current key stays {current}"),
        _ => format!("{name}: nothing to do, the current key {current} expires {expires}"),
    });
    let removed = rotated.removed_never_handed_over.iter();
    lines.extend(removed.map(|id| format!("removed {id}, which was never handed over")));
    lines.extend(rotated.deleted.iter().map(|id| format!("deleted {id}")));
    lines.extend(rotated.kept.iter().map(|(id, until)| match until {
        Some(until) => format!("kept {id} until {}", time::format(*until)),
        None => format!("kept {id}"),
    }));
    lines
}
