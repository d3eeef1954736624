//! What a run may use: from what callers write to limits as they are stored.

use mainspring_api::{
    limit::{Dollars, Policy, RaiseRun},
    run::CreateRun,
};
use mainspring_boundary::{budget::Meter, price::NanoUsd};
use mainspring_store::RunLimit;
use mainspring_types::{Code, Problem};

/// The limits that a new run is given.
pub(crate) fn of_new(request: &CreateRun) -> Result<Vec<RunLimit>, Problem> {
    let cost = request.max_cost.as_ref().map(|dollars| nanos("max_cost", dollars)).transpose()?;
    [
        ("max_tokens", Meter::Tokens, request.max_tokens),
        ("max_cost", Meter::Cost, cost),
        ("max_calls", Meter::Calls, request.max_calls),
    ]
    .into_iter()
    .filter_map(|(field, meter, most)| Some(limit(field, meter, most?, Policy::Suspend.as_str())))
    .collect()
}

/// The limits that a run is given in place of those `before`; a limit keeps its policy unless another is named.
pub(crate) fn raised(raise: &RaiseRun, before: &[RunLimit]) -> Result<Vec<RunLimit>, Problem> {
    let cost = raise.cost.as_ref().map(|dollars| nanos("cost", dollars)).transpose()?;
    let wanted = [
        ("tokens", Meter::Tokens, raise.tokens),
        ("cost", Meter::Cost, cost),
        ("calls", Meter::Calls, raise.calls),
    ];
    let policy_of = |meter: Meter| {
        let earlier = before.iter().find(|limit| limit.meter == meter.as_str());
        let named = raise.policy.map(Policy::as_str);
        named.or(earlier.map(|limit| limit.policy.as_str())).unwrap_or(Policy::Suspend.as_str()).to_owned()
    };
    let limits = wanted
        .into_iter()
        .filter_map(|(field, meter, most)| Some(limit(field, meter, most?, &policy_of(meter))))
        .collect::<Result<Vec<_>, _>>()?;
    if limits.is_empty() {
        return Err(Problem::new(Code::BadRequest, "the request names no limit")
            .suggest("name at least one of `tokens`, `cost` and `calls`: what the run may use in all"));
    }
    Ok(limits)
}

fn limit(field: &str, meter: Meter, most: u64, policy: &str) -> Result<RunLimit, Problem> {
    if i64::try_from(most).is_err() {
        return Err(Problem::new(Code::BadRequest, format!("`{field}`: {} is too much", meter.words(most)))
            .suggest("leave it out for no limit"));
    }
    Ok(RunLimit { meter: meter.as_str().into(), most, policy: policy.into() })
}

fn nanos(field: &str, dollars: &Dollars) -> Result<u64, Problem> {
    let amount = dollars.0.parse::<NanoUsd>();
    amount
        .map(|amount| amount.0)
        .map_err(|error| Problem::new(Code::BadRequest, format!("`{field}`: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(request: &CreateRun) -> Result<Vec<(String, u64)>, String> {
        let limits = of_new(request).map_err(|problem| problem.message)?;
        Ok(limits.into_iter().map(|limit| (limit.meter, limit.most)).collect())
    }

    #[test]
    fn a_new_run_has_the_limits_that_are_named() {
        let request = CreateRun {
            max_tokens: Some(500),
            max_cost: Some(Dollars("$1.50".into())),
            ..CreateRun::default()
        };
        assert_eq!(limits(&request), Ok(vec![("tokens".into(), 500), ("cost".into(), 1_500_000_000)]));
        assert_eq!(limits(&CreateRun::default()), Ok(vec![]));
    }

    #[test]
    fn an_amount_that_cannot_be_is_refused_with_its_field() {
        let cost = CreateRun { max_cost: Some(Dollars("a lot".into())), ..CreateRun::default() };
        let said = "`max_cost`: `a lot` is not an amount of money; write it like $1.50";
        assert_eq!(limits(&cost), Err(said.into()));
        let calls = CreateRun { max_calls: Some(u64::MAX), ..CreateRun::default() };
        assert_eq!(limits(&calls), Err("`max_calls`: 18446744073709551615 calls is too much".into()));
    }

    #[test]
    fn a_raised_limit_keeps_its_policy_unless_another_is_named() {
        let before = [RunLimit { meter: "tokens".into(), most: 5, policy: "terminate".into() }];
        let raise = RaiseRun { tokens: Some(9), calls: Some(2), ..RaiseRun::default() };
        let policies = |raise: &RaiseRun| {
            let limits = raised(raise, &before).expect("limits");
            limits.into_iter().map(|limit| limit.policy).collect::<Vec<_>>()
        };
        assert_eq!(policies(&raise), ["terminate", "suspend"]);
        assert_eq!(policies(&RaiseRun { policy: Some(Policy::Throttle), ..raise }), ["throttle", "throttle"]);
        assert_eq!(raised(&RaiseRun::default(), &before).expect_err("nothing").code, Code::BadRequest);
    }
}
