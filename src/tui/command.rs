//! The one table of commands.
//!
//! Footer hints, help, palette, the configurable keymap and the README's list of keys are all made
//! from it, so they cannot disagree. A key that does something and is missing here is a bug. (Typing
//! into a field and moving inside the date picker are not commands.)

use super::command::Command as C;
use super::command::KeyContext as X;

/// Where a command applies. The innermost focused context is asked first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyContext {
    /// Everywhere.
    Global,
    /// Any table.
    List,
    /// A few things to choose one from.
    Choice,
    /// The columns of a list.
    Columns,
    /// Requests that were saved or sent.
    Saved,
    /// The field that narrows a table down.
    FilterField,
    /// Any form with fields.
    Form,
    /// The table of API keys.
    Keys,
    /// The table of services.
    Services,
    /// The new-key form.
    KeyForm,
    /// The dialog that shows a new key once.
    Reveal,
    /// A new key's test against a model, once the call has ended.
    KeyTest,
    /// A rotation that was left with both keys.
    Rotation,
    /// A question with Cancel and a yes.
    Confirm,
    /// The question whether to create a successor of a key.
    Successor,
    /// The list of profiles.
    Profiles,
    /// The list of models.
    Models,
    /// The builds of a model.
    Builds,
    /// The Overview and Test panel of a model.
    ModelPanel,
    /// The results table.
    Results,
    /// The answer beside or below it.
    Answer,
    /// The selected result was refused, and there is a message that asks for access.
    Refusal,
    /// The same, and the signed-in user may give access.
    MendableRefusal,
    /// The history of tests and runs.
    History,
    /// The Overview or one result, whole.
    Viewer,
    /// One result, whole.
    ResultView,
    /// A check that goes on.
    CheckLive,
    /// A check that has ended.
    Check,
    /// A run that goes on.
    RunLive,
    /// A run that has ended.
    Run,
    /// Any part of the Admin tab.
    Admin,
    Users,
    /// The API keys of one user.
    UserKeys,
    Security,
    /// The API keys of all users.
    AllKeys,
    Projects,
    Collaborators,
    Help,
    /// Help and other texts that only scroll.
    Reader,
    /// The history of notices.
    Notices,
    /// The requests that were made.
    Requests,
    Palette,
}

/// How much harm a command can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Danger {
    Safe,
    /// Changes something at the workbench; not there in read-only mode.
    Changes,
    /// Takes something away that cannot be brought back; asks first.
    Destroys,
}

/// A command, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    Quit,
    Back,
    Help,
    Palette,
    TabSettings,
    TabModels,
    TabAdmin,
    NextPart,
    PreviousPart,
    Refresh,
    CancelRequest,
    Notices,
    Background,
    Profiles,
    History,
    Themes,
    Mouse,
    Repaint,
    Suspend,
    // Lists
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    First,
    Last,
    Open,
    Filter,
    Sort,
    SortReverse,
    Mark,
    MarkAll,
    MarkInvert,
    MarkRange,
    ChooseColumns,
    MoveUp,
    MoveDown,
    AllColumns,
    // Forms and dialogs
    NextField,
    PreviousField,
    Submit,
    Yes,
    No,
    // Settings
    NewKey,
    RotateKey,
    ChooseExpiry,
    DeleteKey,
    DeleteAllKeys,
    DeleteOldKey,
    TestWithKey,
    CopyKeyId,
    KeyDetails,
    CopyKey,
    SaveKey,
    ShowKey,
    Services,
    PlanFleet,
    ApplyFleet,
    PruneFleet,
    // Profiles
    AddProfile,
    RemoveProfile,
    // Models
    TestModel,
    RunModel,
    CheckModel,
    TestRow,
    Members,
    ModelScope,
    ModelOverview,
    ModelBuilds,
    DeployBuild,
    NewBuild,
    RestartModel,
    StopModel,
    CopyCall,
    SendTest,
    ChooseKey,
    FormatRequest,
    SaveRequest,
    DeleteRequest,
    LoadRequest,
    OpenResult,
    AddCollaboratorFix,
    CopyMessage,
    CopyResult,
    NextMatch,
    PreviousMatch,
    Fold,
    FoldAll,
    Headers,
    EditField,
    OpenEditor,
    UndoEdit,
    RedoEdit,
    SelectAll,
    ClearRequest,
    ExportResults,
    StopRun,
    FreezeRun,
    CompareRuns,
    // Admin
    NextSection,
    PreviousSection,
    EditExpiration,
    AddCollaborator,
    ChangePermission,
    RemoveCollaborator,
}

/// One row of the table.
#[derive(Debug)]
pub struct Entry {
    pub command: Command,
    /// What the keymap in `config.toml` calls it; never changes.
    pub id: &'static str,
    /// A short description, for the palette and the help.
    pub name: &'static str,
    /// A label for the footer.
    pub short: &'static str,
    /// One sentence.
    pub doc: &'static str,
    pub contexts: &'static [KeyContext],
    pub danger: Danger,
    pub keys: &'static [&'static str],
    /// Position in the footer, 1 first; 0 for never.
    pub hint: u8,
}

#[rustfmt::skip]
#[expect(clippy::too_many_arguments, reason = "one row of the table below, which wants to stay one line")]
const fn entry(
    command: Command, id: &'static str, contexts: &'static [KeyContext], danger: Danger,
    keys: &'static [&'static str], hint: u8, short: &'static str, name: &'static str, doc: &'static str,
) -> Entry {
    Entry { command, id, name, short, doc, contexts, danger, keys, hint }
}

use Danger::{Changes, Destroys, Safe};

/// Every command there is.
#[rustfmt::skip]
pub static COMMANDS: &[Entry] = &[
    // Everywhere
    entry(C::TabSettings, "tab.settings", &[X::Global], Safe, &["1"], 0, "settings", "Settings", "Show the Settings tab: API keys and profiles"),
    entry(C::TabModels, "tab.models", &[X::Global], Safe, &["2"], 0, "models", "Models", "Show the Models tab: models, tests and runs"),
    entry(C::TabAdmin, "tab.admin", &[X::Global], Safe, &["3"], 0, "admin", "Admin", "Show the Admin tab: users, security and projects"),
    entry(C::NextPart, "next", &[X::Global], Safe, &["tab"], 0, "next part", "Next part", "The next part of the screen, or the next tab"),
    entry(C::PreviousPart, "previous", &[X::Global], Safe, &["shift-tab"], 0, "previous part", "Previous part", "The previous part of the screen, or the previous tab"),
    entry(C::Back, "back", &[X::Global], Safe, &["esc"], 0, "back", "Back", "One step back; asks before typed text is lost"),
    entry(C::Palette, "palette", &[X::Global], Safe, &[":", "ctrl-p"], 81, "palette", "Command palette", "Find a command, key, project or model by name"),
    entry(C::Help, "help", &[X::Global], Safe, &["?", "f1"], 82, "help", "Help", "All keys of this screen, versions and paths"),
    entry(C::Refresh, "refresh", &[X::Global], Safe, &["ctrl-r"], 0, "refresh", "Refresh", "Ask the workbench again"),
    entry(C::CancelRequest, "cancel", &[X::Global], Safe, &["ctrl-x"], 0, "cancel request", "Cancel request", "Cancel the oldest request in flight; a run is stopped"),
    entry(C::Notices, "notices", &[X::Global], Safe, &["!"], 72, "notices", "Notices", "All messages, with request IDs and hints"),
    entry(C::Profiles, "profiles", &[X::Global], Safe, &["P"], 71, "profiles", "Profiles: sign in or out (login, logout)", "Switch to another workbench or user, sign in, sign out"),
    entry(C::History, "history", &[X::Global], Safe, &["H"], 70, "history", "History", "Tests and runs of earlier days: search, open, send again"),
    entry(C::Themes, "themes", &[X::Global], Safe, &["f8"], 0, "theme", "Theme", "Choose the colours; each is seen while it is selected"),
    entry(C::Mouse, "mouse", &[X::Global], Safe, &["f9"], 0, "mouse", "Mouse", "Let the mouse scroll, select and press, or leave it alone"),
    entry(C::Repaint, "repaint", &[X::Global], Safe, &["ctrl-l"], 0, "repaint", "Repaint", "Draw every cell again"),
    entry(C::Suspend, "suspend", &[X::Global], Safe, &["ctrl-z"], 0, "suspend", "Suspend", "Back to the shell; `fg` returns"),
    entry(C::Quit, "quit", &[X::Global], Safe, &["q", "ctrl-c"], 0, "quit", "Quit", "Quit; asks if something would be lost"),
    // Lists
    entry(C::Up, "up", &[X::List, X::Choice, X::Reader], Safe, &["up", "k"], 0, "up", "Up", "One row up"),
    entry(C::Down, "down", &[X::List, X::Choice, X::Reader], Safe, &["down", "j"], 0, "down", "Down", "One row down"),
    entry(C::Left, "left", &[X::List, X::Results, X::Answer, X::Collaborators], Safe, &["left", "h"], 0, "left", "Left", "To the part on the left"),
    entry(C::Right, "right", &[X::List, X::Results], Safe, &["right", "l"], 0, "right", "Right", "To the part on the right"),
    entry(C::PageUp, "page-up", &[X::List, X::Choice, X::Reader], Safe, &["pageup", "ctrl-u"], 0, "page up", "Page up", "One page up"),
    entry(C::PageDown, "page-down", &[X::List, X::Choice, X::Reader], Safe, &["pagedown", "ctrl-d"], 0, "page down", "Page down", "One page down"),
    entry(C::First, "first", &[X::List, X::Choice, X::Reader], Safe, &["home", "g"], 0, "first", "First", "The first row"),
    entry(C::Last, "last", &[X::List, X::Choice, X::Reader], Safe, &["end", "G"], 0, "last", "Last", "The last row"),
    entry(C::Filter, "filter", &[X::List, X::Profiles, X::Help, X::Notices], Safe, &["/"], 80, "filter", "Filter", "Show only rows that match what is typed"),
    entry(C::Sort, "sort", &[X::List], Safe, &["o"], 0, "sort", "Sort by next column", "Sort by the next column"),
    entry(C::SortReverse, "sort-reverse", &[X::List], Safe, &["O"], 0, "reverse", "Reverse the order", "Reverse the sort order"),
    entry(C::ChooseColumns, "columns", &[X::List], Safe, &["C"], 0, "columns", "Choose columns", "Show or hide columns of the list, and order them"),
    entry(C::MoveUp, "columns.up", &[X::Columns], Safe, &["K"], 0, "up", "Column up", "Move the column one position up"),
    entry(C::MoveDown, "columns.down", &[X::Columns], Safe, &["J"], 0, "down", "Column down", "Move the column one position down"),
    entry(C::AllColumns, "columns.all", &[X::Columns], Safe, &["a"], 0, "all", "All columns", "Show all columns in their first order"),
    // Forms and dialogs
    entry(C::NextField, "form.next", &[X::Form], Safe, &["tab"], 0, "next field", "Next field", "Move to the next field"),
    entry(C::PreviousField, "form.previous", &[X::Form], Safe, &["shift-tab"], 0, "previous field", "Previous field", "Move to the previous field"),
    entry(C::Submit, "form.submit", &[X::Form, X::Confirm, X::FilterField, X::Palette, X::Choice, X::KeyTest], Safe, &["enter"], 1, "choose", "Choose", "Choose what has the focus"),
    entry(C::Yes, "confirm.yes", &[X::Confirm], Safe, &["y"], 2, "yes", "Yes", "Do what the question asks"),
    entry(C::No, "confirm.no", &[X::Confirm], Safe, &["n"], 0, "no", "No", "Change nothing"),
    // Settings
    entry(C::NewKey, "keys.new", &[X::Keys], Changes, &["n"], 1, "new", "New API key", "Create an API key: expiry, audience, comment"),
    entry(C::RotateKey, "keys.rotate", &[X::Keys], Changes, &["r"], 2, "rotate", "Rotate API key", "Rotate: a successor first, the old key goes after a yes"),
    entry(C::DeleteKey, "keys.delete", &[X::Keys], Destroys, &["d"], 3, "delete", "Delete API key", "Delete the selected or the marked API keys"),
    entry(C::TestWithKey, "keys.test", &[X::Keys, X::Reveal, X::KeyTest, X::Rotation], Safe, &["t"], 4, "test", "Test a model with this key", "Call a model with this key, if keybench knows its text"),
    entry(C::CopyKeyId, "keys.copy-id", &[X::Keys], Safe, &["y"], 5, "copy id", "Copy Key ID", "Send the Key ID to the terminal's clipboard"),
    entry(C::KeyDetails, "keys.open", &[X::Keys], Safe, &["enter"], 6, "details", "Details of an API key", "Everything known about the selected key"),
    entry(C::Mark, "mark", &[X::Keys, X::UserKeys, X::AllKeys, X::Columns, X::History], Safe, &["space"], 20, "mark", "Mark", "Mark the row, for a command on several"),
    entry(C::MarkAll, "mark-all", &[X::Keys, X::UserKeys, X::AllKeys], Safe, &["*"], 0, "mark all", "Mark all", "Mark every key that the filter shows; again, none"),
    entry(C::MarkInvert, "mark-invert", &[X::Keys, X::UserKeys, X::AllKeys], Safe, &["~"], 0, "invert marks", "Invert the marks", "Mark the keys shown that are not, and no others"),
    entry(C::MarkRange, "mark-range", &[X::Keys, X::UserKeys, X::AllKeys], Safe, &["V"], 0, "mark range", "Mark a range", "Mark from the row that was marked last to this one"),
    entry(C::DeleteAllKeys, "keys.delete-all", &[X::Keys], Destroys, &["D"], 0, "delete all", "Delete all my API keys", "Delete all listed API keys except those in use here"),
    entry(C::CopyKey, "keys.copy-key", &[X::Keys, X::Rotation], Safe, &["Y"], 0, "copy key", "Copy the API key again", "Copy the key, while this run has its text in memory"),
    entry(C::SaveKey, "keys.save", &[X::Keys, X::Rotation], Safe, &["w"], 0, "write key", "Save the API key again", "Write the key to a file, while its text is in memory"),
    entry(C::CopyKey, "reveal.copy", &[X::Reveal], Safe, &["y"], 1, "copy", "Copy the new key", "Send the new key to the terminal's clipboard"),
    entry(C::SaveKey, "reveal.save", &[X::Reveal], Safe, &["w"], 2, "write to file", "Save the new key", "Write the new key to a file that only you can read"),
    entry(C::ShowKey, "reveal.show", &[X::Reveal], Safe, &["s"], 5, "show/hide", "Show or hide the new key", "Show the key in clear on this screen, or hide it again"),
    entry(C::DeleteOldKey, "rotation.delete-old", &[X::Rotation], Destroys, &["d"], 1, "delete old", "Delete the replaced key", "Delete the old key of a rotation; its successor stays"),
    entry(C::RotateKey, "rotation.again", &[X::Rotation], Changes, &["r"], 5, "one more", "One more successor", "Create one more successor of the same key"),
    entry(C::ChooseExpiry, "rotation.expiry", &[X::Successor], Safe, &["e"], 3, "expiry", "Expiry of the successor", "Choose the day on which the successor expires"),
    // Services
    entry(C::Services, "services", &[X::Keys, X::Services], Safe, &["s"], 7, "services", "Services of the manifest", "Show the services of the manifest, or the API keys again"),
    entry(C::ApplyFleet, "services.apply", &[X::Services], Changes, &["a"], 1, "apply", "Apply the manifest", "Create, deliver and delete what the plan says; asks first"),
    entry(C::PlanFleet, "services.plan", &[X::Services], Safe, &["p"], 2, "plan again", "Plan the services again", "Ask the workbench what is to be done for each service"),
    entry(C::PruneFleet, "services.prune", &[X::Services], Destroys, &["d"], 8, "prune", "Delete the keys of services that left", "Delete the keys of services that left; asks first"),
    entry(C::KeyDetails, "services.open", &[X::Services], Safe, &["enter"], 3, "details", "Details of a service", "Everything known about the selected service"),
    // Profiles
    entry(C::AddProfile, "profiles.add", &[X::Profiles], Safe, &["n"], 2, "sign in", "Sign in to a workbench", "Add a profile: URL and API key"),
    entry(C::RemoveProfile, "profiles.remove", &[X::Profiles], Destroys, &["d"], 3, "sign out", "Sign out", "Forget a profile and its stored credential"),
    // Models
    entry(C::TestModel, "models.test", &[X::Models], Safe, &["t"], 1, "test", "Test a model", "Go to the Test panel of the selected model"),
    entry(C::RunModel, "models.run", &[X::Models, X::ModelPanel, X::Results, X::Run], Safe, &["b"], 3, "run", "Run against a model", "Many requests: throughput, latencies, replicas"),
    entry(C::CheckModel, "models.check", &[X::Models, X::ModelPanel, X::Results], Safe, &["c"], 10, "check", "Check a model's answers", "Compare answers with a golden file, or another model"),
    entry(C::ModelScope, "models.scope", &[X::Models], Safe, &["v"], 6, "mine/public/all", "Whose models", "Mine, public ones too, or all (administrators)"),
    entry(C::ModelOverview, "models.overview", &[X::Models, X::ModelPanel, X::Results], Safe, &["i"], 8, "overview", "Overview of a model", "Everything known about a model and its deployment"),
    entry(C::ModelBuilds, "models.builds", &[X::Models, X::ModelPanel, X::Results], Safe, &["B"], 9, "builds", "Builds of a model", "What was built and deployed; deploy any, or build anew"),
    entry(C::DeployBuild, "builds.deploy", &[X::Builds], Changes, &["enter"], 1, "deploy", "Deploy a build", "Deploy the selected build; an older one is the way back"),
    entry(C::NewBuild, "builds.new", &[X::Builds], Changes, &["n"], 2, "build anew", "Build a model anew", "Build the model from the files that its project has now"),
    entry(C::CopyKeyId, "builds.copy-id", &[X::Builds], Safe, &["y"], 5, "copy id", "Copy the id of a build", "Send the build's id to the terminal's clipboard"),
    entry(C::RestartModel, "models.restart", &[X::Models, X::ModelPanel], Changes, &["R"], 0, "restart", "Restart a deployment", "Restart the latest deployment of the selected model"),
    entry(C::StopModel, "models.stop", &[X::Models, X::ModelPanel], Destroys, &["S"], 0, "stop", "Stop a deployment", "Stop the latest deployment of the selected model"),
    entry(C::RestartModel, "builds.restart", &[X::Builds], Changes, &["R"], 3, "restart", "Restart the deployment", "Restart the deployment that stands for the model"),
    entry(C::StopModel, "builds.stop", &[X::Builds], Destroys, &["S"], 4, "stop", "Stop the deployment", "Stop the deployment that stands for the model"),
    entry(C::CopyCall, "models.copy-call", &[X::Models, X::ModelPanel, X::Results], Safe, &["y"], 7, "copy call", "Copy the call", "As curl, Python or R; the key as an environment variable"),
    entry(C::SendTest, "test.send", &[X::ModelPanel, X::Results], Safe, &["t", "ctrl-t"], 1, "test", "Send the test", "Call the model once with this key and request"),
    entry(C::EditField, "test.edit", &[X::ModelPanel], Safe, &["e"], 2, "edit", "Edit the request", "Type into the field, or the request; Esc ends typing"),
    entry(C::OpenEditor, "test.editor", &[X::ModelPanel], Safe, &["E", "ctrl-o"], 0, "editor", "Edit the request in $EDITOR", "Open the request in $VISUAL or $EDITOR"),
    entry(C::UndoEdit, "test.undo", &[X::ModelPanel], Safe, &["u"], 0, "undo", "Undo a change of the request", "Take the last change of the request back (typing: Ctrl-_)"),
    entry(C::RedoEdit, "test.redo", &[X::ModelPanel], Safe, &["U"], 0, "redo", "Redo a change of the request", "Make a change again that was undone (typing: Ctrl-Y)"),
    entry(C::SelectAll, "test.select-all", &[X::ModelPanel], Safe, &["A"], 0, "select all", "Select the whole request", "Select the request: what is typed next replaces it"),
    entry(C::ClearRequest, "test.clear", &[X::ModelPanel], Safe, &["X"], 0, "clear", "Clear the request", "Empty the request; can be undone"),
    entry(C::ChooseKey, "test.choose-key", &[X::ModelPanel], Safe, &["K"], 4, "choose key", "Choose an API key", "Choose one of the keys that keybench knows"),
    entry(C::FormatRequest, "test.format", &[X::ModelPanel], Safe, &["F", "ctrl-f"], 6, "format", "Format the request", "Format the request's JSON on several lines"),
    entry(C::SaveRequest, "test.save", &[X::ModelPanel], Safe, &["W"], 11, "save request", "Save the request", "Keep this request for the model, under a name"),
    entry(C::LoadRequest, "test.load", &[X::ModelPanel], Safe, &["L"], 12, "saved requests", "Saved requests", "Choose a request that was saved for the model"),
    entry(C::DeleteRequest, "saved.delete", &[X::Saved], Safe, &["ctrl-d"], 2, "delete", "Delete a saved request", "Delete the selected saved request; asks first"),
    entry(C::OpenResult, "results.open", &[X::Results, X::Answer], Safe, &["enter"], 2, "open", "Open a result", "Status line, headers, body and timings by phase"),
    entry(C::AddCollaboratorFix, "results.add-collaborator", &[X::MendableRefusal], Changes, &["a"], 2, "add collaborator", "Add the user as collaborator", "Fix a refusal: add the key's user to the project; asks"),
    entry(C::CopyMessage, "results.copy-message", &[X::Refusal], Safe, &["m"], 3, "copy message", "Copy a message to the owner", "Fix a refusal: copy a message for the owner"),
    entry(C::Filter, "result.search", &[X::Viewer], Safe, &["/"], 80, "search", "Search", "Find text in this view"),
    entry(C::CopyResult, "result.copy", &[X::Viewer, X::Answer], Safe, &["y"], 1, "copy", "Copy the answer", "Send the answer or Overview to the terminal's clipboard"),
    entry(C::NextMatch, "result.next-match", &[X::Viewer], Safe, &["n"], 0, "next match", "Next match", "The next line that matches the search"),
    entry(C::PreviousMatch, "result.previous-match", &[X::Viewer], Safe, &["N"], 0, "previous match", "Previous match", "The previous line that matches the search"),
    entry(C::Fold, "result.fold", &[X::ResultView, X::Answer], Safe, &["z"], 4, "fold", "Fold a part of the answer", "Fold the object or list at the cursor, or unfold it"),
    entry(C::FoldAll, "result.fold-all", &[X::ResultView, X::Answer], Safe, &["Z"], 0, "fold all", "Fold the whole answer", "Fold all below the first level, or unfold everything"),
    entry(C::Headers, "result.headers", &[X::Results, X::Answer, X::ResultView], Safe, &["H"], 6, "headers", "Headers of the answer", "Show headers and request under the answer, or hide them"),
    entry(C::ExportResults, "results.export", &[X::Viewer, X::Run, X::Check], Safe, &["e"], 5, "export", "Export", "Write it to a file: text, or a run as JSON or CSV"),
    entry(C::StopRun, "check.stop", &[X::CheckLive], Safe, &["s"], 1, "stop", "Stop the check", "End the check now and keep what was compared"),
    entry(C::TestRow, "check.test-row", &[X::Check], Safe, &["enter"], 1, "test row", "Test a row that differs", "Put the row's request into the Test panel of the model"),
    entry(C::CheckModel, "check.again", &[X::Check], Safe, &["c"], 2, "check again", "Check again", "Change what is checked, or check it once more"),
    entry(C::Members, "check.members", &[X::Check], Safe, &["i"], 3, "members", "What differs over all rows", "Differences of each member, and labels that flipped"),
    entry(C::StopRun, "run.stop", &[X::RunLive], Safe, &["s"], 1, "stop", "Stop the run", "End the run now and keep its results"),
    entry(C::FreezeRun, "run.freeze", &[X::RunLive], Safe, &["f"], 2, "freeze", "Freeze the display", "Stop updating the display while the run goes on, or resume"),
    entry(C::CompareRuns, "run.compare", &[X::Run], Safe, &["c"], 4, "compare", "Compare runs", "Compare this run with an earlier one"),
    // History
    entry(C::SendTest, "history.send", &[X::History], Safe, &["t"], 3, "send again", "Send the request again", "Test the model with this request, or fill in a run's form"),
    entry(C::EditField, "history.edit", &[X::History], Safe, &["e"], 4, "change", "Change the request and send it", "Open the request in the Test panel, to change it first"),
    entry(C::CompareRuns, "history.compare", &[X::History], Safe, &["c"], 1, "compare", "Compare two runs", "Set the two marked runs beside each other"),
    // Admin
    entry(C::NextSection, "admin.next", &[X::Admin], Safe, &["]"], 79, "next section", "Next section", "Users, Security, Projects, All keys: the next one"),
    entry(C::PreviousSection, "admin.previous", &[X::Admin], Safe, &["["], 0, "previous section", "Previous section", "The section before: Users, Security, Projects, All keys"),
    entry(C::EditExpiration, "admin.expiration", &[X::Security], Changes, &["e"], 1, "edit", "Default API keys expiration", "Change how many days an API key may last"),
    entry(C::DeleteKey, "admin.delete-key", &[X::UserKeys, X::AllKeys], Destroys, &["d"], 1, "delete", "Delete a user's API key", "Delete the selected or the marked API keys"),
    entry(C::DeleteAllKeys, "admin.delete-all", &[X::Users, X::UserKeys], Destroys, &["D"], 9, "delete all", "Delete all API keys of a user", "Delete every API key of a user, after typing the user name"),
    entry(C::CopyKeyId, "admin.copy-id", &[X::UserKeys, X::AllKeys], Safe, &["y"], 3, "copy id", "Copy Key ID", "Send the Key ID to the terminal's clipboard"),
    entry(C::CopyMessage, "admin.copy-message", &[X::AllKeys], Safe, &["m"], 2, "message", "Copy a message to the key's owner", "A message about the owner's keys, ready to send"),
    entry(C::AddCollaborator, "collaborators.add", &[X::Collaborators, X::Projects], Changes, &["a"], 2, "add", "Add a collaborator", "Give a user rights in the project"),
    entry(C::ChangePermission, "collaborators.change", &[X::Collaborators], Changes, &["e", "enter"], 3, "permission", "Change a permission", "Give a collaborator more or fewer rights"),
    entry(C::RemoveCollaborator, "collaborators.remove", &[X::Collaborators], Destroys, &["d"], 4, "remove", "Remove a collaborator", "Remove a user's rights in the project"),
    // Requests
    entry(C::CopyCall, "requests.copy", &[X::Requests], Safe, &["y"], 1, "copy command", "Copy the command of a request", "Copy the headless command that does the same"),
    entry(C::Background, "requests.background", &[X::Requests], Safe, &["b"], 3, "show background", "Requests in the background", "Show or hide requests that you did not ask for"),
    entry(C::Open, "open", &[X::Models, X::Users, X::Projects, X::AllKeys, X::History, X::Requests], Safe, &["enter"], 2, "open", "Open", "Open the selected row"),
];

/// The rows of the table that apply in `context`.
pub fn in_context(context: KeyContext) -> impl Iterator<Item = &'static Entry> {
    COMMANDS.iter().filter(move |entry| entry.contexts.contains(&context))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_texts_are_there() {
        let mut ids = HashSet::new();
        for entry in COMMANDS {
            assert!(ids.insert(entry.id), "{} twice", entry.id);
            assert!(
                !entry.name.is_empty() && !entry.short.is_empty() && !entry.doc.is_empty(),
                "{}",
                entry.id
            );
            assert!(!entry.keys.is_empty() && !entry.contexts.is_empty(), "{}", entry.id);
            assert!(entry.doc.len() <= 58, "{}: too long for the help at 80 columns", entry.id);
            assert!(!entry.doc.ends_with('.'), "{}: a list entry, no full stop", entry.id);
        }
    }
}
