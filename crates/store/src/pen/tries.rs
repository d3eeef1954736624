//! Tries of effects: each sending to a provider, and what it was charged.

use mainspring_types::EffectId;

use super::{Pen, effects::effect_bytes, run_bytes};
use crate::{Fault, NewTry, RunKey, TryEnd};

const TRY: &str =
    "INSERT INTO tries (tenant, run, effect, try, agent, provider, state, held_tokens, held_cost, began_at)
VALUES ($1, $2, $3, $4, $5, $6, 'intended', $7, $8, $9)";
const END_TRY: &str = "UPDATE tries
SET state = $1, input_tokens = $2, output_tokens = $3, cache_read_tokens = $4, cache_creation_tokens = $5, cost = $6,
    response = coalesce($7, response), ended_at = $8,
    held_tokens = CASE WHEN $1 = 'unknown' THEN held_tokens ELSE 0 END,
    held_cost = CASE WHEN $1 = 'unknown' THEN held_cost ELSE 0 END
WHERE tenant = $9 AND run = $10 AND effect = $11 AND try = $12";
const RESPONSE: &str = "UPDATE tries
SET response = $1
WHERE tenant = $2 AND run = $3 AND effect = $4 AND try = $5";

pub(crate) const STATEMENTS: &[&str] = &[TRY, END_TRY, RESPONSE];

/// Tries.
impl Pen<'_> {
    /// Writes a try before it is sent.
    pub fn begin_try(&mut self, key: &RunKey, is: &NewTry<'_>) -> Result<(), Fault> {
        self.execute(
            TRY,
            &[
                &key.tenant.as_str(),
                &run_bytes(key.run),
                &effect_bytes(is.effect),
                &is.number,
                &is.agent,
                &is.provider,
                &is.held.tokens.cast_signed(),
                &is.held.cost.cast_signed(),
                &is.at.as_millis(),
            ],
        )
    }

    /// Writes the provider's id of an answer as soon as it is known.
    pub fn identify(
        &mut self,
        key: &RunKey,
        (effect, number): (EffectId, u32),
        response: &str,
    ) -> Result<(), Fault> {
        self.execute(
            RESPONSE,
            &[&response, &key.tenant.as_str(), &run_bytes(key.run), &effect_bytes(effect), &number],
        )
    }

    /// Writes how a try ended and what it used.
    pub fn end_try(&mut self, key: &RunKey, is: &TryEnd<'_>) -> Result<(), Fault> {
        self.execute(
            END_TRY,
            &[
                &is.state.as_str(),
                &is.tokens.input.cast_signed(),
                &is.tokens.output.cast_signed(),
                &is.tokens.cache_read.cast_signed(),
                &is.tokens.cache_creation.cast_signed(),
                &is.cost.cast_signed(),
                &is.response,
                &is.at.as_millis(),
                &key.tenant.as_str(),
                &run_bytes(key.run),
                &effect_bytes(is.effect),
                &is.number,
            ],
        )
    }
}
