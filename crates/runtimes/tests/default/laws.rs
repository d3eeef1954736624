//! What holds of every turn, whatever the model says and in whatever order the tools return.

use mainspring_runtimes::default::{
    Action, Broken, Happening, Message, ModelAnswer, Part, Role, Stop, TokenUsage, ToolOutcome, Turn,
};
use proptest::prelude::*;
use serde_json::json;

use crate::world::{Played, brief, calls, finish, outcome, says, stopped};

type Script = Vec<Result<ModelAnswer, Broken>>;

/// Any answer: words, calls right and wrong, big outputs, broken streams.
fn answer() -> impl Strategy<Value = Result<ModelAnswer, Broken>> {
    let command = prop_oneof!["[a-c]", Just("fail".to_owned()), Just("big 4000".to_owned())];
    let call = prop_oneof![
        8 => command.prop_map(|command| ("shell", json!({"command": command}))),
        1 => Just(("read", json!({}))),
        1 => Just(("nobody", json!("{"))),
    ];
    prop_oneof![
        6 => prop::collection::vec(call, 1..5).prop_map(|all| calls(&all)),
        1 => Just(says("words")),
        1 => Just(says("")),
        1 => Just(stopped(says("cut"), Stop::Length)),
        1 => Just(Err(Broken::Truncated)),
        1 => Just(Err(Broken::Refused { status: 400, code: None, message: "prompt is too long".into() })),
    ]
}

fn script() -> impl Strategy<Value = Script> {
    let counted = (answer(), 0..9_000_u64).prop_map(|(answer, input_tokens)| {
        let usage = TokenUsage { input_tokens, ..TokenUsage::default() };
        answer.map(|answer| ModelAnswer { usage, ..answer })
    });
    prop::collection::vec(counted, 1..14)
}

fn begin() -> Turn {
    let mut brief = brief();
    brief.bounds.context_tokens = 8_000;
    brief.bounds.parallel_tools = 3;
    brief.bounds.steps = 9;
    let past = (1..5).flat_map(|turn| {
        let call = calls(&[("shell", json!({"command": "a"}))]).expect("an answer").parts;
        let result =
            Part::ToolResult { id: "c1".into(), name: "shell".into(), text: "r".repeat(700), error: false };
        [
            Message::user(format!("q{turn}")),
            Message { role: Role::Assistant, parts: call },
            Message { role: Role::Tool, parts: vec![result] },
            Message::text(Role::Assistant, "a".repeat(700)),
        ]
    });
    Turn::begin(brief, past.collect(), 5, vec![Message::user("go")])
}

/// Plays the script, then words.
fn play(turn: Turn, script: &Script, pick: impl FnMut(usize) -> usize) -> Played {
    let mut left = script.iter().cloned();
    finish(turn, |_| left.next().unwrap_or_else(|| says("end")), pick)
}

/// All that a turn was told on its way to the end, and what it said to it.
fn log(script: &Script) -> (Vec<Happening>, Vec<Action>) {
    let (mut turn, mut told, mut said) = (begin(), Vec::new(), Vec::new());
    let mut left = script.iter().cloned();
    loop {
        let mut next = Vec::new();
        for action in turn.due() {
            match &action {
                Action::Ask { step, .. } => {
                    next.push(Happening::Answered {
                        step: *step,
                        answer: left.next().unwrap_or_else(|| says("end")),
                    });
                }
                Action::Call { position, call } => {
                    next.push(Happening::Returned { position: *position, outcome: outcome(call) });
                }
                Action::Refuse { position, why, .. } => {
                    let outcome = ToolOutcome::error(why.clone());
                    next.push(Happening::Returned { position: *position, outcome });
                }
                Action::Remark(_) | Action::Finish(_) => {}
            }
            said.push(action);
        }
        if next.is_empty() {
            return (told, said);
        }
        for happening in next {
            turn.on(happening.clone());
            told.push(happening);
        }
    }
}

/// Whether every call is answered once, in its order, in the message after it; and the first message is a user's.
fn is_valid(messages: &[Message]) -> bool {
    let uses = |message: &Message| -> Vec<String> {
        message
            .parts
            .iter()
            .filter_map(|part| match part {
                Part::ToolUse { id, .. } => Some(id.clone()),
                _ => None,
            })
            .collect()
    };
    let results = |message: Option<&Message>| -> Vec<String> {
        let parts =
            message.filter(|message| message.role == Role::Tool).map(|message| message.parts.as_slice());
        let id = |part: &Part| match part {
            Part::ToolResult { id, .. } => Some(id.clone()),
            _ => None,
        };
        parts.unwrap_or_default().iter().filter_map(id).collect()
    };
    let answered = (0..messages.len()).all(|index| {
        messages[index].role != Role::Assistant || uses(&messages[index]) == results(messages.get(index + 1))
    });
    let placed = (1..messages.len())
        .all(|index| messages[index].role != Role::Tool || messages[index - 1].role == Role::Assistant);
    answered && placed && messages[0].role == Role::User
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_returns_changes_nothing(script in script(), picks in prop::collection::vec(any::<usize>(), 64)) {
        let mut picks = picks.into_iter().cycle();
        let shuffled = play(begin(), &script, |open| picks.next().expect("a cycle") % open);
        prop_assert_eq!(shuffled, play(begin(), &script, |_| 0));
    }

    #[test]
    fn every_request_and_every_session_is_a_valid_conversation(script in script()) {
        let played = play(begin(), &script, |_| 0);
        for request in &played.requests {
            prop_assert!(is_valid(&request.messages), "{:?}", request.messages);
        }
        prop_assert!(is_valid(&played.end.messages), "{:?}", played.end.messages);
    }

    #[test]
    fn an_interrupted_turn_leaves_a_valid_conversation(script in script(), at in any::<prop::sample::Index>()) {
        let (told, _) = log(&script);
        let mut turn = begin();
        turn.due();
        for happening in &told[..at.index(told.len() + 1).min(told.len() - 1)] {
            turn.on(happening.clone());
            turn.due();
        }
        turn.on(Happening::Interrupted);
        let due = turn.due();
        let Some(Action::Finish(end)) = due.last() else { panic!("an interrupted turn ends: {due:?}") };
        prop_assert!(is_valid(&end.messages), "{:?}", end.messages);
    }

    #[test]
    fn a_restart_anywhere_asks_the_same(script in script()) {
        let (told, said) = log(&script);
        for restart in 0..=told.len() {
            let mut turn = begin();
            let mut again = turn.due();
            for happening in &told[..restart] {
                turn.on(happening.clone());
                again.extend(turn.due());
            }
            // Calls begin as soon as there is room, which here is after each return and not after all.
            let asked = |all: &[Action]| -> Vec<_> {
                all.iter().filter(|action| !matches!(action, Action::Call { .. } | Action::Refuse { .. })).cloned().collect()
            };
            let (again, said) = (asked(&again), asked(&said));
            prop_assert_eq!(&again[..], &said[..again.len()]);
            prop_assert!(restart < told.len() || again.len() == said.len());
        }
    }
}
