//! What may differ when calls go through the gateway, and that nothing else does.

use mainspring_testkit::upstream::Logged;

use crate::heard::{Exchange, Heard};

/// Headers of requests that belong to one connection; the gateway has the provider's answers uncompressed, since it
/// reads them.
const OF_THE_WAY_THERE: [&str; 3] = ["connection", "accept-encoding", "content-length"];

/// Headers of answers that belong to one connection or one moment.
const OF_THE_WAY_BACK: [&str; 4] = ["connection", "content-length", "transfer-encoding", "date"];

/// What the gateway says about an answer.
const EFFECT: &str = "x-mainspring-effect";
const REPLAYED: &str = "x-mainspring-replayed";

/// How the gateway asks for the usage of a stream.
const ASKS_FOR_USAGE: &str = r#"{"stream_options":{"include_usage":true},"#;

/// Compares what the provider got through the gateway with what it got from the client.
pub(crate) fn requests(through: &[Logged], direct: &[Logged]) {
    assert_eq!(through.len(), direct.len(), "each call was sent once");
    for (through, direct) in through.iter().zip(direct) {
        assert_eq!((&through.method, &through.path), (&direct.method, &direct.path));
        assert_eq!(text(&through.body), as_it_is_passed_on(direct), "{}", direct.path);
        let [left, right] = [through, direct].map(|entry| without(&entry.headers, &OF_THE_WAY_THERE));
        assert_eq!(left, right, "{}", direct.path);
        assert_eq!(length(through), through.body.len(), "{}", direct.path);
    }
}

/// Compares what the program got through the gateway with what it got from the provider.
pub(crate) fn answers(direct: &Heard, through: &Heard, replayed: &str) {
    assert_eq!(direct.said, through.said);
    for (call, (direct, through)) in direct.said.iter().zip(direct.exchanges.iter().zip(&through.exchanges)) {
        let call = &call.call;
        assert_eq!((&direct.path, &direct.sent), (&through.path, &through.sent), "{call}");
        assert_eq!(
            (direct.status, as_it_comes_back(direct)),
            (through.status, through.received.clone()),
            "{call}"
        );
        let [expected, received] = [direct, through].map(|answer| without(&answer.headers, &OF_THE_WAY_BACK));
        let (ours, passed): (Vec<_>, Vec<_>) = received.into_iter().partition(|(name, _)| is_ours(name));
        assert_eq!(passed, expected, "{call}");
        assert!(matches!(&*ours, [(EFFECT, _), (REPLAYED, said)] if *said == replayed), "{call}: {ours:?}");
    }
}

/// The body of a request beyond the gateway: the one edit it makes is to ask for the usage of a stream of Chat, where
/// the client did not.
fn as_it_is_passed_on(direct: &Logged) -> String {
    let body = text(&direct.body);
    if asks_without_usage(&direct.path, &body) {
        return body.replacen('{', ASKS_FOR_USAGE, 1);
    }
    body
}

/// The body of the answer on this side of the gateway: to a stream that was asked for its usage, the provider adds
/// a chunk with it, which does not come through, and to each other chunk that it has none.
fn as_it_comes_back(direct: &Exchange) -> String {
    if asks_without_usage(&direct.path, &direct.sent) {
        return direct.received.replace("}\n\n", ",\"usage\":null}\n\n");
    }
    direct.received.clone()
}

/// Whether it is a request for a stream of Chat that does not ask for its usage.
fn asks_without_usage(path: &str, body: &str) -> bool {
    path == "/v1/chat/completions" && body.contains(r#""stream":true"#) && !body.contains("stream_options")
}

fn is_ours(name: &str) -> bool {
    [EFFECT, REPLAYED].contains(&name)
}

/// The headers in order of their names, but for some.
fn without<'h>(headers: &'h [(String, String)], names: &[&str]) -> Vec<(&'h str, &'h str)> {
    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let mut left: Vec<_> = headers.filter(|(name, _)| !names.contains(name)).collect();
    left.sort_unstable();
    left
}

fn length(entry: &Logged) -> usize {
    entry.header("content-length").map_or(0, |length| length.parse().expect("a number"))
}

fn text(body: &[u8]) -> String {
    String::from_utf8(body.to_vec()).expect("clients send UTF-8")
}
