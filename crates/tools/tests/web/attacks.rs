//! Servers and URLs that would lead the tool elsewhere, or hold it up.

use std::{thread, time::Duration};

use mainspring_tools::web::{Place, Reach};
use serde_json::json;

use crate::server::{Server, call, complaint, failure, get, say};

#[test]
fn no_address_of_this_machine_or_its_networks_is_asked() {
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "017700000001",
        "0",
        "0.0.0.0",
        "localhost",
        "LOCALHOST.",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:7f00:1::]",
        "[fd00:ec2::254]",
        "[fc00::1]",
        "[fe80::1]",
        "[ff02::1]",
        "①②⑦.0.0.1",
        "127。0。0。1",
    ] {
        let told = complaint(get(&format!("http://{host}/")));
        assert!(told.contains(" is not public but "), "{host}: {told}");
    }
}

#[test]
fn other_schemes_credentials_and_ports_are_told() {
    assert_eq!(complaint(get("file:///etc/passwd")), "`file:` is not fetched; only `http:` and `https:` are");
    assert_eq!(
        complaint(get("http://admin:secret@example.com/")),
        "a URL with a user name or a password is not fetched; leave out what stands before `@example.com`"
    );
    assert_eq!(
        complaint(get("http://example.com:6379/")),
        "port 6379 is not asked; the ports of the web are 80, 443, 8080 and 8443"
    );
    assert_eq!(
        complaint(get("example.com")),
        "`example.com` is no URL (relative URL without a base); write a whole one, such as `https://example.com/page`"
    );
}

fn redirecting(location: &str) -> Server {
    Server::saying(format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"))
}

#[test]
fn a_redirect_leads_to_no_place_that_could_not_be_asked() {
    let inner = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret");
    for location in [
        inner.url("/"),
        "http://127.0.0.1/".into(),
        "http://localhost/".into(),
        "http://169.254.169.254/latest/meta-data/".into(),
        "//[::1]/".into(),
        "file:///etc/passwd".into(),
        "http://user:pass@example.com/".into(),
        "http://example.com:22/".into(),
        "http://[".into(),
    ] {
        let told = redirecting(&location).complaint("/");
        assert!(!told.contains("secret"), "{location}: {told}");
    }
    assert!(inner.heads().is_empty(), "the inner server was asked");
}

#[test]
fn a_redirect_to_a_host_that_the_run_may_not_ask_is_refused() {
    let server = redirecting("http://evil.example/");
    let reach = Reach { allowed: vec![Place::Address(server.address)] };
    let hosts = ["127.0.0.1", "*.example.com"].map(|text| text.parse().expect("it is a pattern"));
    let ended = call(&json!({"url": server.url("/")}), &reach, Some(&hosts), Duration::from_secs(30));
    assert_eq!(
        complaint(ended),
        "the host `evil.example` is not allowed; allowed are `127.0.0.1`, `*.example.com`"
    );
}

#[test]
fn redirects_in_a_circle_end() {
    let server = redirecting("/again");
    let told = server.complaint("/");
    assert!(told.starts_with("there were more than 5 redirects"), "{told}");
    assert_eq!(server.heads().len(), 6);
}

#[test]
fn a_body_that_drips_is_given_up() {
    let server = Server::new(|_, stream| {
        say(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        while std::io::Write::write_all(stream, b"x").is_ok() {
            thread::sleep(Duration::from_millis(50));
        }
    });
    let told = failure(server.get_within("/", Duration::from_secs(1)));
    assert_eq!(told, format!("`{}` took longer than 1 s", server.url("/")));
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let server = Server::new(|_, _| thread::sleep(Duration::from_secs(5)));
    let told = failure(server.get_within("/", Duration::from_secs(1)));
    assert!(told.ends_with("took longer than 1 s"), "{told}");
}

#[test]
fn a_body_without_end_is_read_up_to_a_size() {
    let server = Server::new(|_, stream| {
        say(stream, b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n");
        while std::io::Write::write_all(stream, &[b'x'; 4096]).is_ok() {}
    });
    let text = server.said("/");
    assert!(text.contains("Only the first 5000000 bytes were read.\n"));
    assert!(text.len() < 60_000);
}

#[test]
fn headers_without_end_break_off() {
    let many = Server::new(|_, stream| {
        say(stream, b"HTTP/1.1 200 OK\r\n");
        while std::io::Write::write_all(stream, b"a: b\r\n").is_ok() {}
    });
    assert!(failure(many.get("/")).contains("broke off"), "many headers");
    let long = Server::new(|_, stream| {
        say(stream, b"HTTP/1.1 200 OK\r\na: ");
        while std::io::Write::write_all(stream, &[b'x'; 4096]).is_ok() {}
    });
    assert!(failure(long.get("/")).contains("broke off"), "a long header");
    let interim =
        Server::new(
            |_, stream| {
                while std::io::Write::write_all(stream, b"HTTP/1.1 100 Continue\r\n\r\n").is_ok() {}
            },
        );
    failure(interim.get_within("/", Duration::from_secs(1)));
}

#[test]
fn what_is_no_http_is_told() {
    let server = Server::saying("220 mail.example ESMTP\r\n");
    assert!(failure(server.get("/")).contains("broke off"));
    let reach = Reach { allowed: vec![Place::Address(server.address)] };
    let url = format!("https://{}/", server.address);
    let told = failure(call(&json!({ "url": url }), &reach, None, Duration::from_secs(30)));
    assert!(told.starts_with("`127.0.0.1` cannot be reached: "), "{told}");
}

#[test]
fn headers_cannot_be_forged_by_a_url() {
    let server = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    server.said("/a\r\nX-Forged: 1 HTTP/1.1\r\n\r\n");
    assert!(
        server.heads()[0].starts_with("GET /aX-Forged:%201%20HTTP/1.1 HTTP/1.1\n"),
        "{:?}",
        server.heads()
    );
}
