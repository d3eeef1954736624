//! What holds of every run, whatever is asked of it in whatever order.

use std::collections::{BTreeMap, BTreeSet};

use mainspring_core::{
    Ask, AttemptEnd, Command, Event, FORMAT, LOSSES_MAX, Phase, Principal, Reason, Refusal, Request, Run,
    Status, StepState, TimerId, What,
};
use mainspring_types::{AttemptNo, RequestId, StepId};
use proptest::prelude::*;

use crate::story::{Moment, Story, stories};

/// Each law is a function of a story; each is tried on random ones.
macro_rules! laws {
    ($($law:ident,)*) => {
        proptest! {
            #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]
            $(#[test] fn $law(story in stories()) { super::$law(&story); })*
        }
    };
}

mod tried {
    use super::*;
    laws! {
        at_most_one_attempt_of_a_step_is_live,
        an_attempt_number_is_never_used_again,
        what_was_ordered_is_what_is_owed,
        an_ended_run_owes_nothing,
        an_ended_run_never_changes,
        every_unfinished_step_has_one_reason,
        the_run_s_reason_and_status_follow_from_its_steps,
        folding_twice_gives_the_same,
        what_comes_late_changes_nothing,
        nothing_is_admitted_that_changes_nothing,
        time_never_runs_backwards,
        indexes_are_dense,
        an_event_reads_back_as_written,
        a_request_of_a_person_counts_once,
        a_report_counts_exactly_when_its_attempt_does,
        retries_never_exceed_the_policy,
        a_lost_attempt_counts_against_nothing,
        losses_in_a_row_strand_a_step_and_nothing_else_does,
        a_paused_run_dispatches_nothing,
        a_step_that_is_ready_is_held_back_by_a_pause,
        a_stopping_run_has_a_live_attempt_and_a_fence,
        a_fence_ends_the_run_at_once,
        an_interruption_reaches_every_live_attempt_and_ends_nothing,
        a_run_completes_exactly_when_every_step_is_done,
        a_step_runs_only_after_those_before_it,
    }
}

fn at_most_one_attempt_of_a_step_is_live(story: &Story) {
    let mut live: BTreeMap<&StepId, AttemptNo> = BTreeMap::new();
    for (run, commands) in story.orders() {
        for command in commands {
            match command {
                Command::Dispatch { step, attempt } => assert_eq!(live.insert(step, *attempt), None),
                Command::Release { step, attempt } => assert_eq!(live.remove(step), Some(*attempt)),
                _ => {}
            }
        }
        assert!(run.live().map(|(id, step)| (id, step.attempt)).eq(live.iter().map(|(id, no)| (*id, *no))));
    }
}

fn an_attempt_number_is_never_used_again(story: &Story) {
    let mut last: BTreeMap<&StepId, u32> = BTreeMap::new();
    for command in story.orders().flat_map(|(_, commands)| commands) {
        if let Command::Dispatch { step, attempt } = command {
            let earlier = last.insert(step, attempt.0).unwrap_or(0);
            assert_eq!(attempt.0, earlier + 1);
        }
    }
}

fn what_was_ordered_is_what_is_owed(story: &Story) {
    let mut owed: BTreeSet<Command> = BTreeSet::new();
    for (run, commands) in story.orders() {
        for command in commands {
            match command.clone() {
                Command::Release { step, attempt } => {
                    owed.remove(&Command::Dispatch { step, attempt });
                }
                Command::Arm { timer, .. } => {
                    disarm(&mut owed, &timer);
                    owed.insert(command.clone());
                }
                Command::Disarm { timer } => disarm(&mut owed, &timer),
                Command::Dispatch { .. } => drop(owed.insert(command.clone())),
                Command::Abort { .. } | Command::Interrupt { .. } | Command::Finish => {}
            }
        }
        assert_eq!(owed, run.owed());
    }
}

fn disarm(owed: &mut BTreeSet<Command>, gone: &TimerId) {
    owed.retain(|owed| !matches!(owed, Command::Arm { timer, .. } if timer == gone));
}

fn an_ended_run_owes_nothing(story: &Story) {
    for run in story.runs().filter(|run| run.outcome().is_some()) {
        assert_eq!(run.owed(), BTreeSet::new());
        assert!(run.steps.values().all(mainspring_core::Step::is_finished), "{run:?}");
    }
    let finishes = story.orders().flat_map(|(_, commands)| commands).filter(|c| **c == Command::Finish);
    let ended = story.runs().last().is_some_and(|run| run.outcome().is_some());
    assert_eq!(finishes.count(), usize::from(ended), "the end is told once");
}

fn an_ended_run_never_changes(story: &Story) {
    for moment in story.moments.iter().filter(|moment| moment.before.outcome().is_some()) {
        assert!(matches!(moment.verdict, Err(Refusal::Ended | Refusal::Known)));
        changes_nothing(&moment.before, what_was_asked(&moment.request));
    }
}

fn every_unfinished_step_has_one_reason(story: &Story) {
    for run in story.runs() {
        for step in run.steps.values() {
            assert_eq!(run.step_reason(step).is_none(), step.is_finished());
        }
    }
}

fn the_run_s_reason_and_status_follow_from_its_steps(story: &Story) {
    for run in story.runs() {
        let of_steps = run.steps.values().filter_map(|step| run.step_reason(step)).min();
        let paused = matches!(run.phase, Phase::Paused { .. });
        let reason = if paused { of_steps.min(Some(Reason::Paused)) } else { of_steps };
        assert_eq!(run.reason(), reason, "a pause hides what could go on without it");
        assert_eq!(run.status().is_ended(), reason.is_none());
        assert_eq!(run.status() == Status::Running, run.live().next().is_some());
        assert_eq!(run.status() == Status::Paused, reason == Some(Reason::Paused));
    }
}

fn folding_twice_gives_the_same(story: &Story) {
    let log = story.log();
    let last = story.runs().last();
    assert_eq!(Run::from_log(&log).as_ref(), last);
    assert_eq!(Run::from_log(&log), Run::from_log(&log));
}

fn what_comes_late_changes_nothing(story: &Story) {
    let late = |moment: &&Moment| {
        matches!(
            moment.verdict,
            Err(Refusal::Stale { .. }
                | Refusal::NotAwaited
                | Refusal::NotPaused
                | Refusal::Stopping
                | Refusal::Ended)
        )
    };
    // That the clock started says nothing of an attempt: it is late only once the run is stopping.
    let late = |moment: &&Moment| {
        late(moment) && (!matches!(moment.request.ask, Ask::StartClock { .. }) || is_over(&moment.before))
    };
    for moment in story.moments.iter().filter(late) {
        changes_nothing(&moment.before, what_was_asked(&moment.request));
    }
}

fn is_over(run: &Run) -> bool {
    matches!(run.phase, Phase::Stopping { .. } | Phase::Ended(_))
}

/// The event changes the index and the time, and nothing else.
fn changes_nothing(run: &Run, what: What) {
    let (index, at) = (run.next_index, run.last_at);
    let request = RequestId::from_cause("late");
    let event = Event { v: FORMAT, index, at, by: Principal::Engine, request, what };
    let (after, commands) = run.clone().apply(&event);
    let mut expected = run.clone();
    expected.next_index += 1;
    assert_eq!((after, commands), (expected, vec![]), "{event:?}");
}

/// The event that would have recorded the request.
fn what_was_asked(request: &Request) -> What {
    match request.ask.clone() {
        Ask::StartClock { .. } => What::ClockStarted {},
        Ask::EndAttempt { step, attempt, end, used } => What::AttemptEnded { step, attempt, end, used },
        Ask::LoseAttempt { step, attempt, loss } => What::AttemptLost { step, attempt, loss },
        Ask::FireTimer(timer) => What::TimerFired { timer },
        Ask::AnswerGate { gate } => What::GateAnswered { gate },
        Ask::EndChild { child } => What::ChildEnded { child },
        Ask::Interrupt => What::Interrupted {},
        Ask::Wake { step } => What::Woken { step },
        Ask::Pause => What::Paused {},
        Ask::Resume => What::Resumed {},
        Ask::Cancel { level, reason } => What::CancelRequested { level, reason },
    }
}

fn nothing_is_admitted_that_changes_nothing(story: &Story) {
    let parts = |run: &Run| (run.steps.clone(), run.phase.clone(), run.timers.clone(), run.clock_started);
    for (moment, event) in story.recorded() {
        assert_ne!(parts(&moment.before), parts(&moment.after), "{event:?}");
    }
}

fn time_never_runs_backwards(story: &Story) {
    assert!(story.log().is_sorted_by_key(|event| event.at));
    for (moment, event) in story.recorded() {
        assert_eq!(event.at, moment.now.max(moment.before.last_at));
        assert_eq!(moment.after.last_at, event.at);
    }
}

fn indexes_are_dense(story: &Story) {
    assert!(story.log().iter().map(|event| event.index).eq(0..story.log().len() as u64));
}

fn an_event_reads_back_as_written(story: &Story) {
    for event in story.log() {
        let text = serde_json::to_string(&event).expect("an event is plain data");
        assert_eq!(serde_json::from_str::<Event>(&text).expect("it reads back"), event);
    }
}

fn a_request_of_a_person_counts_once(story: &Story) {
    let of_person = |event: &Event| matches!(event.by, Principal::User(_)).then(|| event.request.clone());
    let requests: Vec<RequestId> = story.log().iter().filter_map(of_person).collect();
    let distinct: BTreeSet<&RequestId> = requests.iter().collect();
    assert_eq!(requests.len(), distinct.len());
}

fn a_report_counts_exactly_when_its_attempt_does(story: &Story) {
    for moment in &story.moments {
        if let Ask::EndAttempt { step, attempt, .. } | Ask::LoseAttempt { step, attempt, .. } =
            &moment.request.ask
        {
            let counts = moment.before.steps[step].is_live(*attempt);
            assert_eq!(moment.verdict.is_ok(), counts);
        }
    }
}

fn retries_never_exceed_the_policy(story: &Story) {
    let mut failures: BTreeMap<StepId, u32> = BTreeMap::new();
    for event in story.log() {
        if let What::AttemptEnded { step, end: AttemptEnd::Failed(_), .. } = event.what {
            *failures.entry(step).or_default() += 1;
        }
    }
    let last = story.runs().last().expect("there is a first");
    for (id, step) in &last.steps {
        assert_eq!(step.failures, failures.get(id).copied().unwrap_or(0));
        assert!(step.failures <= step.retry.attempts);
        let backs_off = matches!(step.state, StepState::BackingOff { .. });
        assert!(!backs_off || step.failures < step.retry.attempts);
    }
}

fn a_lost_attempt_counts_against_nothing(story: &Story) {
    for (moment, event) in story.recorded() {
        let What::AttemptLost { step, .. } = &event.what else { continue };
        assert_eq!(moment.before.steps[step].failures, moment.after.steps[step].failures);
        let failed = matches!(moment.after.steps[step].state, StepState::Failed);
        assert!(!failed, "a lost attempt is not a failed one");
    }
}

fn losses_in_a_row_strand_a_step_and_nothing_else_does(story: &Story) {
    for run in story.runs() {
        for step in run.steps.values() {
            assert!(step.losses <= LOSSES_MAX);
            let stranded = matches!(step.state, StepState::Stranded { .. });
            assert!(step.is_finished() || stranded == (step.losses == LOSSES_MAX), "{step:?}");
        }
    }
}

fn a_paused_run_dispatches_nothing(story: &Story) {
    for (run, commands) in story.orders().filter(|(run, _)| matches!(run.phase, Phase::Paused { .. })) {
        let dispatched = commands.iter().any(|command| matches!(command, Command::Dispatch { .. }));
        assert!(!dispatched, "{run:?}");
    }
}

fn a_step_that_is_ready_is_held_back_by_a_pause(story: &Story) {
    for run in story.runs().filter(|run| !matches!(run.phase, Phase::Paused { .. })) {
        assert!(run.steps.values().all(|step| step.state != StepState::Ready), "{run:?}");
    }
}

fn a_stopping_run_has_a_live_attempt_and_a_fence(story: &Story) {
    for run in story.runs().filter(|run| matches!(run.phase, Phase::Stopping { .. })) {
        assert!(run.live().next().is_some() && run.timers.contains_key(&TimerId::Fence), "{run:?}");
    }
}

fn a_fence_ends_the_run_at_once(story: &Story) {
    for (moment, event) in story.recorded() {
        if event.what == (What::TimerFired { timer: TimerId::Fence }) {
            let live: Vec<StepId> = moment.before.live().map(|(id, _)| id.clone()).collect();
            assert_eq!(moment.after.outcome().map(|outcome| outcome.unknown.clone()), Some(live));
        }
    }
}

fn an_interruption_reaches_every_live_attempt_and_ends_nothing(story: &Story) {
    for (moment, event) in story.recorded().filter(|(_, event)| event.what == (What::Interrupted {})) {
        let told = moment.commands.iter().filter(|command| matches!(command, Command::Interrupt { .. }));
        assert_eq!(told.count(), moment.before.live().count(), "{event:?}");
        assert!(moment.before.live().map(|(id, _)| id).eq(moment.after.live().map(|(id, _)| id)));
        assert_eq!(moment.before.phase, moment.after.phase);
    }
}

fn a_run_completes_exactly_when_every_step_is_done(story: &Story) {
    for run in story.runs() {
        let stopped = matches!(run.status(), Status::Failed | Status::Cancelled)
            || matches!(run.phase, Phase::Stopping { .. });
        let done = run.steps.values().all(|step| matches!(step.state, StepState::Done { .. }));
        assert!(stopped || done == (run.status() == Status::Completed), "{run:?}");
    }
}

fn a_step_runs_only_after_those_before_it(story: &Story) {
    for run in story.runs() {
        for step in run.steps.values().filter(|step| step.attempt.0 > 0) {
            assert!(step.after.iter().all(|before| run.output(before).is_some()), "{run:?}");
        }
    }
}
