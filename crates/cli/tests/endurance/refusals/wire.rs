//! Requests that are refused, by hand over TCP.

use serde_json::{Value, json};

use crate::harness::{Stage, wire::Ask};

const QUICK: &str = "#!/bin/sh\necho here\n";

/// The problems that answer these requests, one after the other.
fn answers(stage: &Stage, asks: impl IntoIterator<Item = Ask>) -> String {
    let told: Vec<_> = asks.into_iter().map(|ask| ask.send(stage.address()).problem()).collect();
    told.join("\n").replace(&stage.address().to_string(), "ADDRESS").replace(stage.marker(), "STAGE")
}

fn post(stage: &Stage, body: &Value) -> Ask {
    Ask::to(stage, "POST /api/v1/runs").json(body)
}

fn agent(stage: &Stage) -> String {
    let folder = stage.agent("quick", "steps: [{id: go, run: [./program]}]\n", QUICK);
    folder.to_str().expect("plain").to_owned()
}

#[test]
fn requests_of_a_web_page() {
    let stage = Stage::new();
    let _server = stage.serve();
    let list = || Ask::to(&stage, "GET /api/v1/runs");
    let foreign = [
        list().header("Host", "rebound.example:7117"),
        list().header("Origin", "https://evil.example"),
        Ask::to(&stage, "GET /health").header("Origin", "null"),
    ];
    insta::assert_snapshot!(answers(&stage, foreign), @r"
    403 E1502: the host `rebound.example:7117` is not this server
      ask `http://ADDRESS` directly, from a program instead of a web page
    403 E1502: the origin `https://evil.example` is not this server
      ask `http://ADDRESS` directly, from a program instead of a web page
    403 E1502: the origin `null` is not this server
      ask `http://ADDRESS` directly, from a program instead of a web page
    ");
}

#[test]
fn requests_without_the_key() {
    let stage = Stage::new();
    let _server = stage.serve();
    let list = || Ask::to(&stage, "GET /api/v1/runs");
    let unproven = [
        list().without("Authorization"),
        list().header("Authorization", "Bearer guess"),
        list().header("Authorization", "Basic YTpi"),
    ];
    insta::assert_snapshot!(answers(&stage, unproven), @r"
    401 E1501: the request carries no key
      send `Authorization: Bearer KEY`; the key is in `admin.key` in the data folder
    401 E1501: the request's key is not the key of this server
      send `Authorization: Bearer KEY`; the key is in `admin.key` in the data folder
    401 E1501: the request's `Authorization` is not of the form `Bearer KEY`
      send `Authorization: Bearer KEY`; the key is in `admin.key` in the data folder
    ");
    let health = Ask::to(&stage, "GET /health").without("Authorization").send(stage.address());
    assert_eq!(health.status, 200);
}

#[test]
fn a_key_of_another_request() {
    let stage = Stage::new();
    let _server = stage.serve();
    let agent = agent(&stage);
    let ask = |input| post(&stage, &json!({ "agent": agent, "input": input })).header("Idempotency-Key", "k");
    let (first, again) = (ask(1).send(stage.address()), ask(1).send(stage.address()));
    assert_eq!((first.status, again.status), (202, 202));
    let run = first.json()["run_id"].as_str().expect("an id").to_owned();
    assert_eq!(again.json()["run_id"], run);
    insta::assert_snapshot!(answers(&stage, [ask(2)]).replace(&run, "RUN"), @r"
    409 E1504: the idempotency key was used for another request, which made RUN
      use a new key for a new request, or send the same request again
    ");
}

#[test]
fn runs_and_pages_that_are_not_there() {
    let stage = Stage::new();
    let _server = stage.serve();
    let missing = [
        "GET /api/v1/runs/run_00000000000000000000000001",
        "GET /api/v1/runs/run_00000000000000000000000001/events",
        "POST /api/v1/runs/run_00000000000000000000000001/cancel",
        "GET /api/v1/runs/nonsense",
        "GET /api/v1/rnus",
        "DELETE /api/v1/runs",
    ];
    insta::assert_snapshot!(answers(&stage, missing.map(|line| Ask::to(&stage, line))), @r"
    404 E1503: there is no run run_00000000000000000000000001
      `mainspring runs list` shows the runs there are
    404 E1503: there is no run run_00000000000000000000000001
      `mainspring runs list` shows the runs there are
    404 E1503: there is no run run_00000000000000000000000001
      `mainspring runs list` shows the runs there are
    400 E1505: `nonsense` is not a run id; one looks like run_01k9zq3v8e6m2x4t5w7y9abcde
      `mainspring runs list` shows the runs there are
    404 E1503: there is no page `/api/v1/rnus`
      the API begins at `/api/v1/runs`; `/health` and `/ready` say how the server is
    405 E1505: `/api/v1/runs` does not take DELETE
      the `Allow` header of this answer names what it takes
    ");
}

#[test]
fn lists_that_cannot_be() {
    let stage = Stage::new();
    let _server = stage.serve();
    let queries = ["status=compleat", "limit=0", "limit=many", "cursor=nonsense", "state=failed"];
    let asks = queries.map(|query| Ask::to(&stage, &format!("GET /api/v1/runs?{query}")));
    insta::assert_snapshot!(answers(&stage, asks), @r"
    400 E1505: `status`: there is no status `compleat`
      there are: queued, running, waiting, paused, completed, failed, cancelled
    400 E1505: the query, at `limit`: `0` is not between 1 and 200
      read further pages with `cursor`
    400 E1505: the query, at `limit`: invalid digit found in string
    400 E1505: `cursor`: `nonsense` is not a run id; one looks like run_01k9zq3v8e6m2x4t5w7y9abcde
      pass the `next_cursor` of the page before, as it is
    400 E1505: the query has no field `state`
      its fields are `status`, `limit`, `cursor`
    ");
}

#[test]
fn agents_that_are_named_wrongly() {
    let stage = Stage::new();
    let _server = stage.serve();
    let nothing = format!("{}/nothing", stage.marker());
    let asks = ["calc", "./calc", &nothing].map(|agent| post(&stage, &json!({ "agent": agent })));
    insta::assert_snapshot!(answers(&stage, asks), @r"
    404 E1100: no agent is registered as `calc`
      to run a folder or file of that name, write `./calc`
    400 E1505: `./calc` is not an absolute path
      the server has a working folder of its own: send the path from `/`
    404 E1100: read `STAGE/nothing`: No such file or directory (os error 2)
      give a folder with an agent.yaml, a definition file or a program
    ");
}

#[test]
fn bodies_that_are_not_requests() {
    let stage = Stage::new();
    let _server = stage.serve();
    let agent = agent(&stage);
    let bodies = [
        json!({ "agent": agent, "metod": "go" }),
        json!({ "agent": agent, "method": "go" }),
        json!({ "agent": agent, "timeout": "soon" }),
        json!([agent]),
    ];
    let text = post(&stage, &json!({})).header("Content-Type", "text/plain");
    let asks = bodies.iter().map(|body| post(&stage, body)).chain([text]);
    insta::assert_snapshot!(answers(&stage, asks), @r"
    400 E1505: the body has no field `metod`
      did you mean `method`?
    400 E1201: `quick` has no methods, so none called `go`
      leave the method out; the input goes to the agent's steps
    400 E1505: `timeout`: `soon` is not a duration; write it like 250ms, 30s, 5m, 2h, 1d or 1800
    400 E1505: the body is a list, where a JSON object is expected
      send an object, with every field under its name
    415 E1505: the body is of type `text/plain`, not JSON
      send JSON, with the header `Content-Type: application/json`
    ");
}
