//! The usage view: why a deployment failed is in its rows.

use axum::extract::State;

use crate::wire::{ListUsageResponse, NumberText, UsageResponse};
use crate::workbench::Workbench;
use crate::workbench::behaviour::inferred;
use crate::workbench::http::answer::Answer;
use crate::workbench::http::auth::Caller;
use crate::workbench::http::origin::Origin;
use crate::workbench::http::query::Params;
use crate::workbench::http::refusal::{Refusal, bad_value};
use crate::workbench::store::listing::{self, Scope};
use crate::workbench::store::usage::{self, StoredWorkload};

/// Filters of the specification that are not embedded: ignoring one would answer another question.
const NOT_EMBEDDED: [&str; 2] = ["multi_column_search_filter", "time_range_search_filter"];

/// ListUsage. Whether a real workbench lists models there is not known; a behaviour file decides.
pub async fn list(
    State(workbench): State<Workbench>,
    caller: Caller,
    Origin(url): Origin,
    params: Params,
) -> Result<Answer<ListUsageResponse>, Refusal> {
    if let Some(name) = NOT_EMBEDDED.into_iter().find(|name| params.get(name).is_some()) {
        return Err(bad_value(name, "it is not embedded; use search_filter"));
    }
    let query = params.list(&workbench, &usage::LISTING, &format!("usage {}", caller.user().id))?;
    let scope = match workbench.behaviour().rules.usage_lists_models {
        true => usage::scope(caller.user()),
        false => Scope::new("0", []),
    };
    let selection = query.selection.clone();
    let (slice, total) = workbench
        .store()
        .read(move |db| -> Result<_, Refusal> {
            let slice = listing::page(db, &usage::LISTING, &scope, &selection, usage::from_row)?;
            Ok((slice, listing::count(db, &usage::LISTING, &scope, &selection)?))
        })
        .await?;
    let next_page_token = query.next_token(&workbench, &slice);
    let now = workbench.now().as_microsecond();
    let usage_response = slice.items.into_iter().map(|stored| message(stored, &url, now)).collect();
    let response = ListUsageResponse { usage_response, next_page_token, total_count: NumberText(total) };
    Ok(Answer::new(response).inferred_all(query.inferred.into_iter().chain([inferred::USAGE])))
}

fn message(stored: StoredWorkload, url: &str, now: i64) -> UsageResponse {
    let StoredWorkload { mut row, model, project_owner, created, stopped } = stored;
    let project = format!("{project_owner}/{}", row.project_info.slug);
    let owner = &row.creator;
    row.creator_info.html_url = format!("{url}/{owner}");
    row.creator_info.url = format!("{url}/api/v1/users/{owner}");
    row.project_info.html_url = format!("{url}/{project}");
    row.project_info.url = format!("{url}/api/v1/projects/{project}");
    row.workload_url = format!("{url}/{project}/models/{model}");
    // Seconds: the unit is not in the specification.
    row.duration = NumberText((stopped.unwrap_or(now) - created).max(0) / 1_000_000);
    row
}
