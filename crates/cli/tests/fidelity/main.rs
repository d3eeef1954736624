//! Requests and answers pass unchanged: the providers' own Python clients send all that they can send, once to the
//! provider itself and once through the gateway, and what each side got is compared to the byte.
//!
//! The provider is [`mainspring_testkit::upstream`], which answers the same requests with the same bytes whenever it
//! begins anew. A third time the programs get every answer from the journal, after a death. All of them name the same
//! packages, so that one environment is built for the three.

#[path = "../harness/mod.rs"]
mod harness;
mod heard;
mod recorded;
mod same;
mod scene;

use std::thread;

use mainspring_testkit::{clients, or_skip};

use crate::scene::{Client, Scene};

#[test]
fn what_clients_and_providers_say_to_each_other_is_passed_on_unchanged() {
    let test = "what_clients_and_providers_say_to_each_other_is_passed_on_unchanged";
    let Some(installers) = or_skip(test, clients::installers()) else { return };
    let scene = Scene::new();
    let server = scene.serve(&installers);
    thread::scope(|scope| {
        for client in &scene.clients {
            let thread = thread::Builder::new().name(client.name.to_owned());
            thread.spawn_scoped(scope, || check(&scene, client)).expect("a thread");
        }
    });
    assert!(server.terminate().success());
    scene.stage.assert_nothing_left();
}

/// Compares what passes between a client and its provider.
fn check(scene: &Scene, client: &Client) {
    let (first, second) = client.through_the_gateway(&scene.stage);
    let through = client.upstream.log();
    client.upstream.reset();
    let direct = client.directly(&scene.stage, &first.python);

    same::requests(&through, &client.upstream.log());
    same::answers(&direct, &first, "false");
    same::answers(&direct, &second, "true");
    recorded::compare(client.name, &direct);
}
