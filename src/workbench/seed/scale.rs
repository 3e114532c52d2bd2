//! The data of `--seed scale:KEYS,MODELS[,USERS]`: many keys, models and users, to see whether a
//! client stays usable. The same numbers give the same data, except for IDs, keys and dates.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::file::{Model, Project};
use super::{SeedError, SeededKey, Seeding};
use crate::expiry::DEFAULT_LIFE_DAYS;
use crate::wire::{AUDIENCE_API, AUDIENCE_APPLICATION};
use crate::workbench::store::users::{self, Account};

/// Models per project.
const MODELS_A_PROJECT: u64 = 100;

/// The longest key lifetime under the policy of a new site, in days.
const LIFE: i64 = DEFAULT_LIFE_DAYS as i64;

/// Names whose order is not that of the user names, so that sorting by either shows.
const FIRST_NAMES: [&str; 8] = ["Wanda", "Bruno", "Tessa", "Emil", "Priya", "Ivo", "Kenji", "Amina"];
const LAST_NAMES: [&str; 7] = ["Weber", "Costa", "Novak", "Silva", "Okafor", "Haas", "Tanaka"];

impl Seeding<'_> {
    pub(super) fn many_keys(&self, count: u64) -> Result<(), SeedError> {
        let owner = self.user("owner")?;
        // One of them is in credentials.json.
        for n in 1..count {
            let last_day = i64::try_from(n % u64::from(DEFAULT_LIFE_DAYS)).unwrap_or_default() + 1;
            let end = self.end_of_day_in(last_day);
            self.many_key(
                owner,
                &format!("owner/many {n}"),
                &format!("key {n}"),
                &[AUDIENCE_API],
                (self.now, end),
            )?;
        }
        Ok(())
    }

    pub(super) fn many_models(&mut self, count: u64, templates: &[Model]) -> Result<(), SeedError> {
        let owner = self.user("owner")?;
        let projects = (count / MODELS_A_PROJECT).max(1);
        for project in 0..projects {
            let name = format!("scale-{project:05}");
            let project_id = self.project(&Project {
                name: name.clone(),
                owner: "owner".to_owned(),
                visibility: "private".to_owned(),
                description: String::new(),
                collaborators: BTreeMap::new(),
                files: None,
                models: Vec::new(),
            })?;
            let (first, end) = (count * project / projects, count * (project + 1) / projects);
            for n in first..end {
                let template = &templates[usize::try_from(n).unwrap_or_default() % templates.len()];
                let model = format!("model-{n:07}");
                self.model(project_id, owner, &format!("owner/{name}/{model}"), &model, template)?;
            }
        }
        Ok(())
    }

    /// Users `user-0001` and so on beside the demo users, each with up to three keys whose secrets
    /// are unknown.
    pub(super) fn many_users(&self, count: u32) -> Result<(), SeedError> {
        for n in 1..=count {
            let name = full_name(n);
            let user_id = users::insert(self.db, &format!("user-{n:04}"), &name, false, self.now)?;
            users::set_account(self.db, user_id, account(n))?;
            for k in 0..n % 4 {
                let Plan { comments, audiences, last_day, life } = plan(n, k);
                let created_at = self.now - SignedDuration::from_hours(24 * (life - last_day));
                let end = self.end_of_day_in(last_day);
                self.many_key(user_id, &format!("user-{n}/{k}"), comments, audiences, (created_at, end))?;
            }
        }
        Ok(())
    }
}

impl Seeding<'_> {
    fn many_key(
        &self,
        user_id: i64,
        what: &str,
        comments: &str,
        audiences: &[&str],
        (created_at, expires_at): (Timestamp, Timestamp),
    ) -> Result<(), SeedError> {
        let audiences: Vec<String> = audiences.iter().map(|audience| (*audience).to_owned()).collect();
        let key = SeededKey { what, comments, audiences: &audiences, created_at, expires_at };
        self.key(user_id, &key).map(drop)
    }
}

fn full_name(n: u32) -> String {
    let at = |names: &[&'static str], step: usize| names[n as usize * step % names.len()];
    format!("{} {}", at(&FIRST_NAMES, 3), at(&LAST_NAMES, 2))
}

/// One in fifty can no longer sign in.
fn account(n: u32) -> Account {
    match n % 100 {
        50 => Account::Deactivated,
        75 => Account::Banned,
        _ => Account::Open,
    }
}

struct Plan {
    comments: &'static str,
    audiences: &'static [&'static str],
    /// Days from today to the key's last day.
    last_day: i64,
    /// Days from its creation to its last day.
    life: i64,
}

/// Key `k` of user `n`: of eight keys about one has expired, one is about to, and now and then one
/// was created under a policy that allowed more than today's.
fn plan(n: u32, k: u32) -> Plan {
    let spread = i64::from(n) * 7 + i64::from(k) * 31;
    let (last_day, life) = match (n / 4 + k) % 8 {
        0 => (-1 - spread % 200, LIFE),
        1 => (1 + spread % 13, LIFE),
        2 if n.is_multiple_of(3) => (LIFE + 1 + spread % LIFE, 2 * LIFE),
        _ => (15 + spread % (LIFE - 15), LIFE),
    };
    // Some users give all their keys the same comment.
    let comments = if n % 20 == 3 { "ci" } else { ["laptop", "ci", "notebook"][k as usize % 3] };
    let audiences: &[&str] = match (n + k) % 10 {
        4 => &[AUDIENCE_APPLICATION],
        7 => &[AUDIENCE_API, AUDIENCE_APPLICATION],
        _ => &[AUDIENCE_API],
    };
    Plan { comments, audiences, last_day, life }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_every_state_and_none_is_made_tomorrow() {
        let plans: Vec<Plan> = (1..=3000).flat_map(|n| (0..n % 4).map(move |k| plan(n, k))).collect();
        let share = |is: fn(&Plan) -> bool| plans.iter().filter(|plan| is(plan)).count() * 100 / plans.len();
        assert!((8..20).contains(&share(|plan| plan.last_day < 0)));
        assert!((8..20).contains(&share(|plan| (0..14).contains(&plan.last_day))));
        assert!((2..10).contains(&share(|plan| plan.last_day > LIFE)));
        assert!(plans.iter().all(|plan| plan.last_day <= plan.life));
    }
}
