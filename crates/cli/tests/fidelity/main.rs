//! Requests and answers pass unchanged: the providers' own Python clients send all that they can send, once to the
//! provider itself and once through the gateway, and what each side got is compared to the byte.
//!
//! The provider is [`mainspring_testkit::upstream`], which answers the same requests with the same bytes whenever it
//! begins anew. A third time the programs get every answer from the journal, after a death.

#[path = "../harness/mod.rs"]
mod harness;
mod heard;
mod recorded;
mod same;
mod scene;

use mainspring_testkit::{clients, or_skip};

use crate::scene::Scene;

#[test]
fn anthropic_messages() {
    check("anthropic_messages", "anthropic");
}

#[test]
fn openai_chat_and_responses() {
    check("openai_chat_and_responses", "openai");
}

#[test]
fn google_generate() {
    check("google_generate", "google");
}

/// Compares what passes between the client of this name and the provider.
fn check(test: &str, client: &str) {
    let Some(installers) = or_skip(test, clients::installers()) else { return };
    let scene = Scene::new(installers);
    let (first, second) = scene.through_the_gateway(client);
    let through = scene.upstream.log();
    scene.upstream.reset();
    let direct = scene.directly(client, &first.python);

    same::requests(&through, &scene.upstream.log());
    same::answers(&direct, &first, "false");
    same::answers(&direct, &second, "true");
    recorded::compare(client, &direct);
}
