//! The effects of a run, page by page.

use mainspring_api::{
    effect::{EffectView, ListEffects},
    run::Page,
};
use mainspring_store::RunKey;
use mainspring_types::{EffectId, Problem, RunId};

use super::{PAGE, Plane, bad_cursor, next_cursor, no_such_run};
use crate::{caller::Caller, view};

impl Plane {
    /// One page of a run's effects, in the order in which they were made.
    pub async fn effects(
        &self,
        caller: &Caller,
        run: RunId,
        list: ListEffects,
    ) -> Result<Page<EffectView>, Problem> {
        let limit = list.limit.unwrap_or(PAGE.0).clamp(1, PAGE.1);
        let after = list
            .cursor
            .map(|cursor| cursor.parse::<EffectId>())
            .transpose()
            .map_err(|error| bad_cursor(&error))?;
        let key = RunKey { tenant: caller.tenant.clone(), run };
        let found = self
            .read(move |readers| match readers.run(&key)? {
                Some(_) => readers.effects(&key, after, limit).map(Some),
                None => Ok(None),
            })
            .await?;
        let rows = found.ok_or_else(|| no_such_run(run))?;
        let next_cursor = next_cursor(&rows, limit, |row| row.id.to_string());
        Ok(Page { items: rows.into_iter().map(view::effect).collect(), next_cursor })
    }
}
