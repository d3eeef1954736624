//! The same story with and without a restart between all of its steps: it ends alike.

use mainspring_boundary::{broker::Action, conversation::Concluded};
use serde_json::{Value, json};

use crate::world::{Attempt, World, gated, made, recorded, says};

/// Whether the server is killed between two steps.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Server {
    Lives,
    DiesAtEveryStep,
}

struct Story {
    world: World,
    server: Server,
}

impl Story {
    /// Between two steps while nothing runs.
    async fn pause(&mut self) {
        if self.server == Server::DiesAtEveryStep {
            self.world.restart().await;
        }
    }

    /// Between two steps of an attempt: the one that takes its place when the server dies.
    async fn go_on(&mut self, attempt: Attempt) -> Attempt {
        if self.server == Server::Lives {
            return attempt;
        }
        self.world.restart().await;
        self.world.attempt(1).await
    }

    /// The attempt waits for a person, who answers.
    async fn answered(&mut self, attempt: Attempt, (tool, arguments): (&str, &Value), action: Action) {
        let decision = attempt.intend("1.1.0", tool, arguments).await;
        attempt.park_for(&decision).await;
        self.pause().await;
        self.world.answer(gated(&decision), says(action, Some("next"))).await.expect("it counts");
        self.pause().await;
    }

    /// Concludes a turn, and parks for what is said next.
    async fn conclude(&mut self, attempt: Attempt, turn: u32, text: &str) {
        let mut attempt = attempt;
        for _ in 0..2 {
            let after = attempt.conclude(turn, text).await;
            let Concluded::Gate { gate, deadline } = after else { panic!("{after:?}") };
            if self.server == Server::Lives {
                attempt.park(gate, deadline).await;
                return;
            }
            attempt = self.go_on(attempt).await;
        }
        let after = attempt.conclude(turn, "").await;
        let Concluded::Gate { gate, deadline } = after else { panic!("{after:?}") };
        attempt.park(gate, deadline).await;
        self.pause().await;
    }
}

/// Runs the story; gives what is left of it.
async fn told(server: Server) -> (Vec<String>, Vec<Value>, Vec<Value>) {
    let mut story = Story { world: World::new().await, server };
    let fields = json!({
        "toolsets": ["shell", "ask_user"],
        "approvals": [{ "pattern": "shell", "verdict": "ask", "from": "agent" }],
        "effects": [{ "pattern": "shell", "class": "idempotent" }],
        "session": { "mode": "conversation" },
    });
    story.world.begin(1, &fields).await;
    story.pause().await;
    let push = json!({ "command": "git push" });
    let question = json!({ "question": "Which branch?" });

    let attempt = story.world.attempt(1).await;
    story.answered(attempt, ("shell", &push), Action::Approve).await;
    let attempt = story.world.attempt(1).await;
    made(attempt.intend("1.1.0", "shell", &push).await);
    let attempt = story.go_on(attempt).await;
    let permit = made(attempt.intend("1.1.0", "shell", &push).await);
    attempt.returned(&permit, "pushed").await;
    let attempt = story.go_on(attempt).await;
    assert_eq!(recorded(attempt.intend("1.1.0", "shell", &push).await).0, "pushed");
    story.answered(attempt, ("ask_user", &question), Action::Answer).await;
    let attempt = story.world.attempt(1).await;
    assert_eq!(recorded(attempt.intend("1.1.0", "ask_user", &question).await).0, "next");
    let attempt = story.go_on(attempt).await;
    story.conclude(attempt, 1, "pushed to next").await;
    story.world.say(1, "thanks").await.expect("it hears");
    story.pause().await;
    let attempt = story.world.attempt(1).await;
    assert_eq!(attempt.recall().await.expect("it counts").inbox.len(), 1);
    let attempt = story.go_on(attempt).await;
    story.conclude(attempt, 2, "any time").await;
    story.world.done(1).await.expect("it hears");
    story.pause().await;
    let attempt = story.world.attempt(1).await;
    assert!(attempt.recall().await.expect("it counts").done);
    let attempt = story.go_on(attempt).await;
    attempt.finish().await;
    story.pause().await;
    left(&story.world)
}

/// What the story came to: the lines of its journal but for tries and replays, its gates and its turns.
fn left(world: &World) -> (Vec<String>, Vec<Value>, Vec<Value>) {
    assert_eq!(world.status(1), "completed");
    let mut lines = world.lines(1);
    lines.retain(|line| !["tool.intended", "tool.replayed"].contains(&line.as_str()));
    let key = crate::world::key(1);
    let gates = world.readers().gates_of(&key).expect("readable");
    let gates = gates.into_iter().map(|gate| json!([gate.id(), gate.kind, gate.state, gate.arguments]));
    let session = world.readers().conversation(&key).expect("readable").expect("it has one").session;
    let turns = world.readers().turns(&key.tenant, session, 0, 10).expect("readable");
    let turns = turns.into_iter().map(|turn| json!([turn.turn, turn.text, turn.body]));
    (lines, gates.collect(), turns.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_between_all_steps_changes_nothing() {
    let (calm, restless) = (told(Server::Lives).await, told(Server::DiesAtEveryStep).await);
    assert_eq!(calm, restless);
    assert_eq!(
        calm.0,
        [
            "gate.opened",
            "gate.settled",
            "tool.committed",
            "gate.opened",
            "gate.settled",
            "tool.committed",
            "turn.ended",
            "gate.opened",
            "message.added",
            "gate.settled",
            "turn.ended",
            "gate.opened",
            "gate.settled",
        ]
    );
}
