//! Conversations: begun, forked, read again, and spoken in.

use mainspring_api::{
    gate::{Action, AnswerGate},
    run::{CancelRun, Level, RunStatus},
    session::{AddMessage, CreateSession, ListSessions, SessionView},
};
use mainspring_store::{Conversation, TurnRow};
use mainspring_types::{Code, RunId, SessionId, TenantId, Timestamp};
use serde_json::json;

use crate::site::{Site, post, question, talking};

fn text(text: &str) -> AddMessage {
    AddMessage { text: text.into(), images: Vec::new() }
}

fn begin(agent: &str) -> CreateSession {
    CreateSession { agent: Some(agent.into()), fork_of: None, turn: None }
}

fn fork(of: SessionId, turn: Option<u32>) -> CreateSession {
    CreateSession { agent: None, fork_of: Some(of), turn }
}

/// A session in which these were the agent's last words, turn by turn.
async fn session_of(site: &Site, texts: &[&str]) -> SessionView {
    let session = site.client.create_session(&begin("./talker.yaml")).await.expect("begun").session_id;
    for (turn, text) in (1..).zip(texts) {
        let body = json!([{ "role": "assistant", "parts": [{ "type": "text", "text": text }] }]).to_string();
        let row = TurnRow {
            turn,
            run: RunId::from_u128(7),
            at: Timestamp::from_millis(i64::from(turn)),
            text: (*text).to_owned(),
            packed: false,
            body: body.into_bytes(),
        };
        site.write(move |pen| pen.conclude(&TenantId::sole(), session, &row, Some("hello"))).await;
    }
    site.client.session(session).await.expect("known")
}

#[tokio::test]
async fn sessions_are_listed_newest_first_page_by_page() {
    let site = Site::start().await;
    let mut begun = Vec::new();
    for _ in 0..3 {
        begun.insert(0, session_of(&site, &[]).await.session_id);
    }
    let (mut seen, mut list) = (Vec::new(), ListSessions { limit: Some(2), cursor: None });
    loop {
        let page = site.client.list_sessions(&list).await.expect("a page");
        seen.extend(page.items.iter().map(|session| session.session_id));
        list.cursor = page.next_cursor;
        if list.cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, begun);
}

#[tokio::test]
async fn turns_are_read_again_in_their_order() {
    let site = Site::start().await;
    let session = session_of(&site, &["one", "two", "three"]).await;
    assert_eq!((session.turns, session.title.as_deref()), (3, Some("hello")));
    let list = ListSessions { limit: Some(2), cursor: None };
    let page = site.client.turns(session.session_id, &list).await.expect("a page");
    let texts: Vec<_> = page.items.iter().map(|turn| (turn.turn, turn.text.as_str())).collect();
    assert_eq!(texts, [(1, "one"), (2, "two")]);
    assert_eq!(page.items[0].messages[0]["parts"][0]["text"], "one");
    let list = ListSessions { cursor: page.next_cursor, ..list };
    let page = site.client.turns(session.session_id, &list).await.expect("a page");
    assert_eq!((page.items[0].turn, page.items.len(), page.next_cursor), (3, 1, None));
}

#[tokio::test]
async fn a_fork_has_the_turns_up_to_where_it_was_made() {
    let site = Site::start().await;
    let origin = session_of(&site, &["one", "two", "three"]).await;
    let forked = site.client.create_session(&fork(origin.session_id, Some(2))).await.expect("forked");
    assert_eq!((forked.turns, forked.agent), (2, origin.agent));
    assert_eq!((forked.forked_from, forked.forked_at), (Some(origin.session_id), Some(2)));
    let whole = site.client.create_session(&fork(origin.session_id, None)).await.expect("forked");
    assert_eq!(whole.turns, 3);
    let refused = site.client.create_session(&fork(origin.session_id, Some(4))).await.expect_err("too far");
    let message = format!("`turn`: session {} has 3 turns, and no turn 4", origin.session_id);
    assert_eq!((refused.code, refused.message), (Code::BadRequest, message));
}

#[tokio::test]
async fn what_is_no_session_is_refused() {
    let site = Site::start().await;
    let unknown = SessionId::from_u128(1);
    let missing = format!("there is no session {unknown}");
    let refused = site.client.create_session(&fork(unknown, None)).await.expect_err("unknown");
    assert_eq!((refused.code, &refused.message), (Code::NotFound, &missing));
    let refused = site.client.turns(unknown, &ListSessions::default()).await.expect_err("unknown");
    assert_eq!(refused.message, missing);
    let refused = site.client.message_session(unknown, &text("hello")).await.expect_err("unknown");
    assert_eq!(refused.message, missing);
    let nothing = CreateSession { agent: None, fork_of: None, turn: None };
    let refused = site.client.create_session(&nothing).await.expect_err("nothing is named");
    assert_eq!(refused.message, "the request names neither an `agent` nor a session to fork");
    let (head, _) =
        post(&site.stack.folder().control_socket(), "/api/v1/sessions", r#"{"agent":"./a"}"#).await;
    assert!(head.starts_with("HTTP/1.1 201 Created\r\n"), "{head}");
    assert!(head.contains("\r\nlocation: /api/v1/sessions/ses_"), "{head}");
}

#[tokio::test]
async fn what_is_said_in_a_session_begins_a_run_or_goes_to_the_live_one() {
    let site = Site::start().await;
    let session = site.client.create_session(&begin(&site.talker())).await.expect("begun").session_id;
    let first = site.client.message_session(session, &text("hold")).await.expect("begins a run");
    assert_eq!(first.message_id, 1);
    let second = site.client.message_session(session, &text("and now?")).await.expect("heard");
    assert_eq!((second.run_id, second.message_id), (first.run_id, 2));
    let third = site.client.message_run(first.run_id, &text("well?")).await.expect("heard");
    assert_eq!((third.run_id, third.message_id), (first.run_id, 3));
    let run = site.client.run(first.run_id).await.expect("known");
    assert_eq!(run.session, Some(session));
    let own = site.stack.folder().workspaces().join(first.run_id.to_string());
    assert_eq!(run.workspace, Some(own.display().to_string()));
    assert_eq!(site.client.session(session).await.expect("known").live_run, Some(first.run_id));
    site.client.cancel(first.run_id, &CancelRun::default()).await.expect("stopping");
    site.until(first.run_id, RunStatus::Cancelled).await;
    assert_eq!(site.client.session(session).await.expect("known").live_run, None);
    let next = site.client.message_session(session, &text("hold")).await.expect("begins another");
    assert_ne!(next.run_id, first.run_id);
}

#[tokio::test]
async fn what_is_said_to_a_run_that_is_about_to_end_begins_the_next() {
    let site = Site::start().await;
    let session = site.client.create_session(&begin(&site.talker())).await.expect("begun").session_id;
    let ending = site.create("hold").await;
    site.join(ending, Conversation { over: true, ..Conversation::new(session, true) }).await;
    let (message, cancel) = (text("hold"), CancelRun::default());
    let said = site.client.message_session(session, &message);
    let (said, cancelled) = tokio::join!(said, site.client.cancel(ending, &cancel));
    cancelled.expect("stopping");
    assert_ne!(said.expect("begins a run").run_id, ending);
}

#[tokio::test]
async fn two_messages_at_once_begin_one_run() {
    let site = Site::start().await;
    let session = site.client.create_session(&begin(&site.talker())).await.expect("begun").session_id;
    let (one, other) = (text("hold"), text("hold"));
    let said = tokio::join!(
        site.client.message_session(session, &one),
        site.client.message_session(session, &other)
    );
    let (one, other) = (said.0.expect("heard"), said.1.expect("heard"));
    assert_eq!((one.run_id, one.message_id + other.message_id), (other.run_id, 3));
}

#[tokio::test]
async fn what_nobody_hears_is_refused() {
    let site = Site::start().await;
    let deaf = site.create("hold").await;
    let refused = site.client.message_run(deaf, &text("hello")).await.expect_err("deaf");
    let message = format!("run {deaf} holds no conversation");
    assert_eq!((refused.code, &refused.message), (Code::StateConflict, &message));
    assert_eq!(site.client.done(deaf).await.expect_err("deaf").message, message);
    site.join(deaf, talking()).await;
    let refused = site.client.message_run(deaf, &text("  ")).await.expect_err("nothing");
    assert_eq!(refused.message, "the message says nothing");
    site.client.cancel(deaf, &CancelRun::default()).await.expect("stopping");
    site.until(deaf, RunStatus::Cancelled).await;
    let refused = site.client.message_run(deaf, &text("hello")).await.expect_err("it has ended");
    assert_eq!((refused.code, refused.message), (Code::StateConflict, format!("run {deaf} has ended")));
    assert_eq!(site.client.done(deaf).await.expect("as it is").status, RunStatus::Cancelled);
}

#[tokio::test]
async fn an_interrupted_conversation_goes_on_and_one_at_rest_is_not_interrupted() {
    let site = Site::start().await;
    let interrupt = CancelRun { level: Level::Interrupt, reason: None };
    let busy = site.create("hold").await;
    site.converse(busy).await;
    site.until(busy, RunStatus::Running).await;
    let gate = site.open(question(busy, Timestamp::now())).await;
    let run = site.client.cancel(busy, &interrupt).await.expect("interrupted");
    assert_eq!((run.status, run.receipt), (RunStatus::Running, None));
    let late =
        AnswerGate { action: Action::Answer, arguments: None, message: Some("this".into()), remember: false };
    let late = site.client.answer_gate(gate, &late).await.expect_err("it is withdrawn");
    let message =
        format!("gate {gate} is settled: nobody waits for it any more: its run ended, or its turn did");
    assert_eq!((late.code, late.message), (Code::GateSettled, message));
    let resting = site.create("ask").await;
    site.join(resting, talking()).await;
    site.until(resting, RunStatus::Waiting).await;
    let refused = site.client.cancel(resting, &interrupt).await.expect_err("nothing is at work");
    let message = format!("nothing of run {resting} is at work that could be interrupted");
    assert_eq!((refused.code, refused.message), (Code::StateConflict, message));
}

#[tokio::test]
async fn the_lowest_level_ends_a_run_that_waits_for_nothing_more() {
    let site = Site::start().await;
    let run = site.create("speak").await;
    site.join(run, talking()).await;
    site.client.done(run).await.expect("told");
    let interrupt = CancelRun { level: Level::Interrupt, reason: None };
    let view = site.client.cancel(run, &interrupt).await.expect("stopping");
    assert_eq!(view.receipt.map(|receipt| receipt.level), Some(Level::Interrupt));
}
