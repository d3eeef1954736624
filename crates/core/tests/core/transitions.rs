//! Single transitions: given what was asked, when this is asked, these commands follow.

use std::fmt::Write as _;

use mainspring_core::{
    Ask, AttemptEnd, CancelLevel, Command, Created, Event, FailureClass, Loss, Plan, PlannedStep, Principal,
    Request, Retry, Run, TimerId, Used, Wait,
};
use mainspring_types::{AttemptNo, Hash, RequestId, RunId, Timestamp};

use crate::story::{START, birth, created, done, failed, step_id};

/// What is asked, so many milliseconds after the run began.
type Asked = (i64, Ask);

/// The commands that follow `when`, and how the run then stands.
fn check(plan: Plan, given: &[Asked], when: Asked) -> String {
    let (mut run, _) = begin(created(plan));
    for asked in given.iter().cloned() {
        run = admit(&run, asked).map(|event| run.clone().apply(&event).0).expect("what is given is admitted");
    }
    match admit(&run, when) {
        Err(refusal) => format!("refused: {refusal}"),
        Ok(event) => told(&run.apply(&event)),
    }
}

fn begin(created: Created) -> (Run, Vec<Command>) {
    Run::begin(&birth(created)).expect("the event is a creation")
}

fn admit(run: &Run, (at, ask): Asked) -> Result<Event, mainspring_core::Refusal> {
    let id = RequestId::from_cause(format!("r{}", run.next_index));
    let request = Request { id, by: Principal::Engine, ask };
    run.admit(&request, Timestamp::from_millis(START.as_millis() + at))
}

fn told((run, commands): &(Run, Vec<Command>)) -> String {
    let mut text = String::new();
    for command in commands {
        let line = match command {
            Command::Dispatch { step, attempt } => format!("dispatch {step}/{attempt}"),
            Command::Abort { step, attempt, level } => format!("abort {step}/{attempt}: {level:?}"),
            Command::Release { step, attempt } => format!("release {step}/{attempt}"),
            Command::Arm { timer, at } => {
                format!("arm {} at {}", name(timer), at.as_millis() - START.as_millis())
            }
            Command::Disarm { timer } => format!("disarm {}", name(timer)),
            Command::Interrupt { step, attempt } => format!("interrupt {step}/{attempt}"),
            Command::Finish => "finish".to_owned(),
        };
        writeln!(text, "{line}").expect("a string takes text");
    }
    let reason = run.reason().map_or("nothing".to_owned(), |reason| format!("{reason:?}").to_lowercase());
    format!("{text}{}, waits for {reason}", run.status().as_str())
}

fn name(timer: &TimerId) -> String {
    if let TimerId::Gate(_) = timer { "gate".into() } else { timer.key() }
}

/// Steps that run one after the other, each tried twice, a second apart.
fn row(steps: &[&str]) -> Plan {
    Plan::sequence(steps.iter().map(|id| planned(id)))
}

/// Steps that run side by side.
fn side_by_side(steps: &[&str]) -> Plan {
    Plan { steps: steps.iter().map(|id| planned(id)).collect(), timeout_ms: None }
}

fn planned(id: &str) -> PlannedStep {
    let retry = Retry { attempts: 2, ..Retry::default() };
    PlannedStep { id: step_id(id), after: vec![], retry, work: serde_json::Value::Null }
}

fn ends(step: &str, attempt: u32, end: AttemptEnd) -> Ask {
    Ask::EndAttempt { step: step_id(step), attempt: AttemptNo(attempt), end, used: Used::default() }
}

fn parks(step: &str, wait: Wait) -> Ask {
    ends(step, 1, AttemptEnd::Parked(wait))
}

fn loses(step: &str, attempt: u32) -> Ask {
    Ask::LoseAttempt { step: step_id(step), attempt: AttemptNo(attempt), loss: Loss::Worker }
}

fn cancel(level: CancelLevel) -> Ask {
    Ask::Cancel { level, reason: None }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(START.as_millis() + millis)
}

fn gate() -> Hash {
    Hash::of(b"gate")
}

const CHILD: RunId = RunId::from_u128(7);

fn five_losses() -> Vec<Asked> {
    (1..=5).map(|attempt| (0, loses("a", attempt))).collect()
}

#[test]
fn a_creation_dispatches_what_can_begin_and_arms_the_deadline() {
    let plan = row(&["a", "b"]);
    let deadline = Some(at(9_000));
    insta::assert_snapshot!(told(&begin(Created { deadline, ..created(plan) })), @r"
    arm deadline at 9000
    dispatch a/1
    running, waits for owner
    ");
    insta::assert_snapshot!(told(&begin(created(side_by_side(&["a", "b"])))), @r"
    dispatch a/1
    dispatch b/1
    running, waits for owner
    ");
}

#[test]
fn a_done_step_dispatches_the_next_and_the_last_one_ends_the_run() {
    let plan = || row(&["a", "b"]);
    let first = (1, ends("a", 1, done("one")));
    insta::assert_snapshot!(check(plan(), &[], first.clone()), @r"
    release a/1
    dispatch b/1
    running, waits for owner
    ");
    insta::assert_snapshot!(check(plan(), &[first], (2, ends("b", 1, done("two")))), @r"
    release b/1
    finish
    completed, waits for nothing
    ");
}

#[test]
fn a_failed_attempt_is_tried_again_after_its_wait_and_the_last_one_fails_the_run() {
    let plan = || row(&["a", "b"]);
    let fails = |attempt| (0, ends("a", attempt, failed(FailureClass::Transient)));
    let due = (1_000, Ask::FireTimer(TimerId::Retry(step_id("a"))));
    insta::assert_snapshot!(check(plan(), &[], fails(1)), @r"
    release a/1
    arm retry/a at 1000
    waiting, waits for timer
    ");
    insta::assert_snapshot!(check(plan(), &[fails(1)], due.clone()), @r"
    disarm retry/a
    dispatch a/2
    running, waits for owner
    ");
    insta::assert_snapshot!(check(plan(), &[fails(1), due], fails(2)), @r"
    release a/2
    finish
    failed, waits for nothing
    ");
}

#[test]
fn a_failure_that_cannot_be_helped_stops_the_other_steps() {
    let fails = (0, ends("a", 1, failed(FailureClass::Permanent)));
    let plan = || side_by_side(&["a", "b"]);
    insta::assert_snapshot!(check(plan(), &[], fails.clone()), @r"
    release a/1
    abort b/1: Stop
    arm fence at 10000
    running, waits for stopping
    ");
    insta::assert_snapshot!(check(plan(), &[fails], (1, ends("b", 1, AttemptEnd::Aborted {}))), @r"
    release b/1
    disarm fence
    finish
    failed, waits for nothing
    ");
}

#[test]
fn a_gate_is_passed_by_an_answer_or_by_its_deadline() {
    let parked = (0, parks("a", Wait::Gate { gate: gate(), deadline: Some(at(5_000)) }));
    insta::assert_snapshot!(check(row(&["a"]), &[], parked.clone()), @r"
    release a/1
    arm gate at 5000
    waiting, waits for gate
    ");
    let answer = (1, Ask::AnswerGate { gate: gate() });
    insta::assert_snapshot!(check(row(&["a"]), std::slice::from_ref(&parked), answer), @r"
    disarm gate
    dispatch a/2
    running, waits for owner
    ");
    let passed = (5_000, Ask::FireTimer(TimerId::Gate(gate())));
    insta::assert_snapshot!(check(row(&["a"]), &[parked], passed), @r"
    disarm gate
    dispatch a/2
    running, waits for owner
    ");
}

#[test]
fn a_step_goes_on_when_what_it_waits_for_is_there() {
    let timer = (0, parks("a", Wait::Timer { until: at(700) }));
    insta::assert_snapshot!(check(row(&["a"]), &[], timer.clone()), @r"
    release a/1
    arm wake/a at 700
    waiting, waits for timer
    ");
    let due = (700, Ask::FireTimer(TimerId::Wake(step_id("a"))));
    insta::assert_snapshot!(check(row(&["a"]), &[timer], due), @r"
    disarm wake/a
    dispatch a/2
    running, waits for owner
    ");
    let child = (0, parks("a", Wait::Child { child: CHILD }));
    insta::assert_snapshot!(check(row(&["a"]), &[child], (1, Ask::EndChild { child: CHILD })), @r"
    dispatch a/2
    running, waits for owner
    ");
    let quota = (0, parks("a", Wait::Quota {}));
    insta::assert_snapshot!(check(row(&["a"]), &[quota], (1, Ask::Wake { step: step_id("a") })), @r"
    dispatch a/2
    running, waits for owner
    ");
}

#[test]
fn a_lost_attempt_gets_a_new_number_and_the_fifth_in_a_row_waits_for_someone() {
    let given = five_losses();
    insta::assert_snapshot!(check(row(&["a"]), &[], given[0].clone()), @r"
    release a/1
    dispatch a/2
    running, waits for owner
    ");
    insta::assert_snapshot!(check(row(&["a"]), &given[..4], given[4].clone()), @r"
    release a/5
    waiting, waits for lost
    ");
    insta::assert_snapshot!(check(row(&["a"]), &given, (1, Ask::Resume)), @r"
    dispatch a/6
    running, waits for owner
    ");
}

#[test]
fn losses_together_with_the_server_never_strand_a_step() {
    let with_server = |attempt| {
        let (step, attempt) = (step_id("a"), AttemptNo(attempt));
        (0, Ask::LoseAttempt { step, attempt, loss: Loss::Server })
    };
    let given: Vec<Asked> = (1..=7).map(with_server).collect();
    insta::assert_snapshot!(check(row(&["a"]), &given, with_server(8)), @r"
    release a/8
    dispatch a/9
    running, waits for owner
    ");
}

#[test]
fn a_pause_holds_back_what_becomes_ready_and_lets_the_live_attempt_end() {
    let paused = (0, Ask::Pause);
    let first = (1, ends("a", 1, done("one")));
    insta::assert_snapshot!(check(row(&["a", "b"]), &[], paused.clone()), @"running, waits for owner");
    insta::assert_snapshot!(check(row(&["a", "b"]), std::slice::from_ref(&paused), first.clone()), @r"
    release a/1
    paused, waits for paused
    ");
    insta::assert_snapshot!(check(row(&["a", "b"]), &[paused, first], (2, Ask::Resume)), @r"
    dispatch b/1
    running, waits for owner
    ");
}

#[test]
fn a_cancel_tells_live_attempts_to_end_and_fences_those_that_do_not() {
    let told = (0, cancel(CancelLevel::Stop));
    insta::assert_snapshot!(check(row(&["a", "b"]), &[], told.clone()), @r"
    abort a/1: Stop
    arm fence at 10000
    running, waits for stopping
    ");
    let harder = (1, cancel(CancelLevel::Kill));
    insta::assert_snapshot!(check(row(&["a", "b"]), std::slice::from_ref(&told), harder), @r"
    abort a/1: Kill
    running, waits for stopping
    ");
    let fence = (10_000, Ask::FireTimer(TimerId::Fence));
    insta::assert_snapshot!(check(row(&["a", "b"]), &[told], fence), @r"
    disarm fence
    release a/1
    finish
    cancelled, waits for nothing
    ");
}

#[test]
fn a_cancel_of_a_run_that_waits_ends_it_at_once() {
    let child = (0, parks("a", Wait::Child { child: CHILD }));
    insta::assert_snapshot!(check(row(&["a"]), &[child], (1, cancel(CancelLevel::Stop))), @r"
    finish
    cancelled, waits for nothing
    ");
}

#[test]
fn a_run_s_own_time_counts_from_its_first_attempt_and_ends_it() {
    let plan = || Plan { timeout_ms: Some(2_000), ..row(&["a"]) };
    let started = (500, Ask::StartClock { step: step_id("a"), attempt: AttemptNo(1) });
    insta::assert_snapshot!(check(plan(), &[], started.clone()), @r"
    arm timeout at 2500
    running, waits for owner
    ");
    let over = (2_500, Ask::FireTimer(TimerId::Timeout));
    insta::assert_snapshot!(check(plan(), &[started], over), @r"
    disarm timeout
    abort a/1: Stop
    arm fence at 12500
    running, waits for stopping
    ");
}

#[test]
fn what_is_refused_says_why() {
    let refused = |given: &[Asked], when: Ask| check(row(&["a"]), given, (1, when));
    let fails = (0, ends("a", 1, failed(FailureClass::Transient)));
    let ended = (0, ends("a", 1, done("one")));
    let stopping = (0, cancel(CancelLevel::Stop));
    let retry = Ask::FireTimer(TimerId::Retry(step_id("a")));
    insta::assert_snapshot!(refused(&[], ends("a", 2, done("x"))), @"refused: attempt 2 of step `a` no longer counts");
    insta::assert_snapshot!(refused(&[fails], retry), @"refused: the timer is not due before 2023-11-14T22:13:21.000Z");
    insta::assert_snapshot!(refused(&[], Ask::AnswerGate { gate: gate() }), @"refused: nothing waits for this");
    insta::assert_snapshot!(refused(&[], Ask::Resume), @"refused: the run is not paused");
    insta::assert_snapshot!(refused(&[(0, Ask::Pause)], Ask::Pause), @"refused: this is already so");
    insta::assert_snapshot!(refused(&[stopping], Ask::Pause), @"refused: the run is stopping");
    insta::assert_snapshot!(refused(&[ended], cancel(CancelLevel::Kill)), @"refused: the run has ended");
}

#[test]
fn no_id_that_a_person_chooses_stands_in_a_worker_s_way() {
    let (run, _) = begin(created(row(&["a"])));
    let worker = Principal::Worker("w".into());
    let id = RequestId::from_cause("create");
    let request = Request { id, by: worker, ask: ends("a", 1, done("one")) };
    assert!(run.admit(&request, START).is_ok());
}
