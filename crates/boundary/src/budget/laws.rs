//! What holds for every budget, and the cases that show the rules.

use mainspring_types::{AgentName, RunId, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::{
    Usage,
    price::{NanoUsd, Price, cost},
};

const NOW: Timestamp = Timestamp::from_millis(1_000);
const PRICE: Price = Price { input: 3_000, output: 15_000, cache_read: 300, cache_write: 3_750 };

fn limit(meter: Meter, max: u64) -> Limit {
    Limit { scope: Scope::Tenant, meter, window: Window::Hour, max, policy: Policy::Suspend }
}

fn tokens(max: u64, used: u64) -> (Limit, Account) {
    (limit(Meter::Tokens, max), Account { settled: used, held: 0 })
}

fn wish(input_bound: u64, output_wanted: Option<u64>) -> Wish {
    Wish { input_bound, output_wanted, output_least: 1, price: PRICE }
}

/// The clamp and the tokens held.
fn granted(limits: &[(Limit, Account)], wish: Wish) -> (Option<u64>, u64) {
    match reserve(limits, wish, NOW) {
        Verdict::Granted { output_max, hold, .. } => (output_max, hold.tokens),
        Verdict::Refused { limit, needs, .. } => panic!("refused by {limit:?}, needs {needs}"),
    }
}

/// The maximum of the limit that refuses, until when in milliseconds, and what the call needs.
fn refused(limits: &[(Limit, Account)], wish: Wish) -> (u64, Option<i64>, u64) {
    match reserve(limits, wish, NOW) {
        Verdict::Refused { limit, until, needs } => (limit.max, until.map(Timestamp::as_millis), needs),
        granted @ Verdict::Granted { .. } => panic!("{granted:?}"),
    }
}

#[test]
fn a_clamp_is_inserted_only_when_less_remains_than_is_wanted() {
    assert_eq!(granted(&[], wish(100, None)), (None, 4_196), "an unsaid maximum reserves 4,096");
    assert_eq!(granted(&[tokens(10_000, 0)], wish(100, Some(500))), (None, 600));
    assert_eq!(granted(&[tokens(10_000, 9_000)], wish(100, Some(900))), (None, 1_000), "to the last token");
    assert_eq!(granted(&[tokens(10_000, 9_000)], wish(100, Some(901))), (Some(900), 1_000));
    assert_eq!(granted(&[tokens(10_000, 9_000)], wish(100, None)), (Some(900), 1_000));
    assert_eq!(
        granted(&[tokens(10_000, 9_900)], wish(100, Some(0))),
        (None, 100),
        "embeddings have no output"
    );
}

#[test]
fn a_clamp_leaves_room_for_what_the_request_cannot_do_without() {
    let thinking = Wish { output_least: 1_025, ..wish(100, Some(4_000)) };
    assert_eq!(granted(&[tokens(1_125, 0)], thinking), (Some(1_025), 1_125));
    assert_eq!(refused(&[tokens(1_124, 0)], thinking).2, 1_125);
    // What a clamp of 300 could not hold is not tried again with 301.
    let cut = wish(100, Some(500)).after_clamp(300);
    assert_eq!(refused(&[tokens(599, 0)], cut).2, 600, "twice as much, but never more than is wanted");
    assert_eq!(granted(&[tokens(600, 0)], cut), (None, 600));
}

#[test]
fn nobody_is_sent_on_with_too_little_to_answer_in() {
    let hour = Some(3_600_000);
    assert_eq!(granted(&[tokens(1_000, 884)], wish(100, None)), (Some(16), 116));
    assert_eq!(refused(&[tokens(1_000, 885)], wish(100, None)), (1_000, hour, 116));
    assert_eq!(granted(&[tokens(1_000, 892)], wish(100, Some(8))), (None, 108), "it wants no more");
    assert_eq!(refused(&[tokens(1_000, 893)], wish(100, Some(8))), (1_000, hour, 108));
    assert_eq!(refused(&[tokens(100, 0)], wish(100, None)), (100, None, 116), "no window will ever hold it");
}

#[test]
fn money_clamps_too_and_the_scarcest_limit_decides() {
    let money = |max| (limit(Meter::Cost, max), Account::default());
    // 100 tokens sent may all be written to a cache: $0.000375; what is left affords 100 of the answer.
    assert_eq!(granted(&[money(1_875_000)], wish(100, None)), (Some(100), 200));
    assert_eq!(granted(&[money(1_875_000), tokens(150, 0)], wish(100, None)), (Some(50), 150));
    let free = Wish { price: Price::default(), ..wish(100, None) };
    assert_eq!(granted(&[money(0)], free), (None, 4_196), "a local model spends no money");
}

#[test]
fn of_several_refusals_the_hardest_and_longest_is_told() {
    let spent = |window, policy, max| {
        let limit = Limit { window, policy, ..limit(Meter::Calls, max) };
        (limit, Account { settled: max, held: 0 })
    };
    let hour = spent(Window::Hour, Policy::Suspend, 1);
    let day = spent(Window::Day, Policy::Suspend, 2);
    let total = spent(Window::Total, Policy::Suspend, 3);
    let hard = spent(Window::Hour, Policy::Terminate, 4);
    let limits = [hour, day, total, hard];
    assert_eq!(refused(&limits[..2], wish(1, None)), (2, Some(86_400_000), 1));
    assert_eq!(refused(&limits[..3], wish(1, None)), (3, None, 1));
    assert_eq!(refused(&limits, wish(1, None)), (4, Some(3_600_000), 1));
}

#[test]
fn a_limit_warns_as_it_passes_nine_tenths_and_then_no_more() {
    let warnings = |used| match reserve(&[tokens(1_000, used)], wish(25, Some(25)), NOW) {
        Verdict::Granted { warnings, .. } => warnings.len(),
        Verdict::Refused { .. } => panic!("enough is left"),
    };
    assert_eq!([850, 851, 900, 901, 950].map(warnings), [0, 1, 1, 0, 0]);
}

#[test]
fn an_answer_longer_than_its_hold_warns_when_it_settles() {
    let Verdict::Granted { hold, .. } = reserve(&[tokens(10_000, 0)], wish(50, None), NOW) else {
        panic!("enough is left")
    };
    let mut limits = [(limit(Meter::Tokens, 10_000), Account::default().holding(hold.tokens))];
    let usage = Usage { output_tokens: 9_500, ..Usage::default() };
    assert_eq!(settle(&mut limits, hold, Spent::by_call(usage, NanoUsd(0))).len(), 1);
    assert_eq!(limits[0].1, Account { settled: 9_500, held: 0 });
}

#[test]
fn a_throttling_limit_slows_calls_on_its_last_tenth() {
    let slow_by = |used| {
        let (limit, account) = tokens(1_000, used);
        let throttling = Limit { policy: Policy::Throttle, ..limit };
        match reserve(&[(throttling, account)], wish(5, Some(5)), NOW) {
            Verdict::Granted { slow_by, .. } => slow_by.map(|wait| wait.as_secs()),
            Verdict::Refused { .. } => panic!("enough is left"),
        }
    };
    assert_eq!([890, 940, 990].map(slow_by), [None, Some(15), Some(30)]);
}

#[test]
fn a_run_has_its_own_account_beside_the_tenants() {
    let agent = AgentName::new("a").expect("a name");
    let scopes = [Scope::Tenant, Scope::Agent(agent), Scope::Run(RunId::from_u128(1))];
    let limits = scopes.map(|scope| (Limit { scope, ..limit(Meter::Tokens, 500) }, Account::default()));
    assert_eq!(granted(&limits, wish(100, None)), (Some(400), 500));
}

/// A call of the simulation: what it asks for, and how much of its hold it then uses, in percent.
#[derive(Clone, Debug)]
struct Call {
    wish: Wish,
    uses: u64,
    lasts: usize,
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let wanted = prop_oneof![Just(None), Just(Some(0)), (1_u64..9_000).prop_map(Some)];
    let call = (0_u64..3_000, wanted, 0_u64..=100, 0_usize..64)
        .prop_map(|(input, wanted, uses, lasts)| Call { wish: wish(input, wanted), uses, lasts });
    proptest::collection::vec(call, 1..200)
}

fn meters() -> impl Strategy<Value = Vec<(Limit, Account)>> {
    let meter = prop_oneof![
        (1_u64..100_000).prop_map(|max| limit(Meter::Tokens, max)),
        (1_u64..1_000_000_000).prop_map(|max| limit(Meter::Cost, max)),
        (1_u64..100).prop_map(|max| limit(Meter::Calls, max)),
    ];
    proptest::collection::vec(meter.prop_map(|limit| (limit, Account::default())), 1..4)
}

/// The usage of a call that used so many percent of what it held.
fn used(call: &Call, hold: Hold) -> Usage {
    let part = |tokens: u64| tokens * call.uses / 100;
    let output_tokens = part(hold.tokens - call.wish.input_bound);
    Usage { input_tokens: part(call.wish.input_bound), output_tokens, ..Usage::default() }
}

proptest! {
    /// Up to 64 callers at once, each using up to what it held, never take a limit beyond its maximum, and when all have
    /// ended the accounts hold nothing and have settled exactly what was used.
    #[test]
    fn callers_at_once_never_overspend(calls in calls(), mut limits in meters()) {
        let mut in_flight: Vec<(usize, Hold, Spent)> = Vec::new();
        let mut total = Usage::default();
        for (turn, call) in calls.iter().enumerate() {
            let (ended, going) = in_flight.into_iter().partition::<Vec<_>, _>(|(end, ..)| *end <= turn);
            in_flight = going;
            for (_, hold, spent) in ended {
                settle(&mut limits, hold, spent);
            }
            if let Verdict::Granted { hold, output_max, .. } = reserve(&limits, call.wish, NOW) {
                prop_assert!(output_max.is_none_or(|most| most >= OUTPUT_LEAST));
                for (limit, account) in &mut limits {
                    *account = account.holding(hold.of(limit.meter));
                }
                let usage = used(call, hold);
                total += usage;
                in_flight.push((turn + call.lasts, hold, Spent::by_call(usage, cost(&PRICE, &usage))));
            }
            prop_assert!(limits.iter().all(|(limit, account)| account.used() <= limit.max));
        }
        for (_, hold, spent) in in_flight {
            settle(&mut limits, hold, spent);
        }
        for (limit, account) in &limits {
            prop_assert_eq!(account.held, 0);
            if limit.meter == Meter::Tokens {
                prop_assert_eq!(account.settled, total.total());
            }
        }
    }

    /// What a call that never went held returns whole.
    #[test]
    fn a_hold_returns_whole(call in calls(), mut limits in meters()) {
        let before = limits.clone();
        if let Verdict::Granted { hold, .. } = reserve(&limits, call[0].wish, NOW) {
            for (limit, account) in &mut limits {
                *account = account.holding(hold.of(limit.meter));
            }
            settle(&mut limits, hold, Spent::NOTHING);
        }
        prop_assert_eq!(limits, before);
    }

    /// A refusal is final for its account, and truthful: with what it needs free, that limit no longer refuses.
    #[test]
    fn a_refusal_says_what_is_needed(call in calls(), max in 0_u64..10_000) {
        let limits = [tokens(max, 0)];
        if let Verdict::Refused { needs, until, .. } = reserve(&limits, call[0].wish, NOW) {
            prop_assert!(needs > max);
            prop_assert_eq!(until, None, "an empty window is too small");
            let raised = reserve(&[tokens(needs, 0)], call[0].wish, NOW);
            prop_assert!(matches!(raised, Verdict::Granted { .. }), "{:?}", raised);
        }
    }

    /// No amount, however large, panics or wraps.
    #[test]
    fn amounts_of_any_size_are_decided(input: u64, output: Option<u64>, max: u64, settled: u64, held: u64) {
        for meter in Meter::ALL {
            let limits = [(limit(*meter, max), Account { settled, held })];
            if let Verdict::Granted { hold, slow_by, .. } = reserve(&limits, wish(input, output), NOW) {
                prop_assert!(hold.of(*meter) <= max);
                prop_assert!(slow_by.is_none_or(|wait| wait <= SLOW_MAX));
            }
        }
    }
}
