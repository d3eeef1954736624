//! Pages that are fetched.

use mainspring_tools::web::{Place, Reach};
use serde_json::json;
use std::time::Duration;

use crate::server::{Server, call, complaint, say};

#[test]
fn a_page_is_read_as_text() {
    let html = "<h1>Hello</h1><p>See <a href=\"/next\">the next page</a>.";
    let server = Server::saying(format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\r\n{html}",
        html.len()
    ));
    let text = server.said("/page?q=1#part");
    let place = server.address;
    assert_eq!(
        text,
        format!(
            "http://{place}/page?q=1 (text/html, status 200, 55 bytes)\n\n\
             # Hello\n\nSee [the next page](http://{place}/next)."
        )
    );
}

#[test]
fn a_request_tells_nothing_but_the_url() {
    let server = Server::saying("HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\nhi");
    server.said("/a?b=c");
    assert_eq!(
        server.heads(),
        [format!(
            "GET /a?b=c HTTP/1.1\nhost: {}\nuser-agent: mainspring/{}\n\
             accept: text/html, application/json, text/*;q=0.9, */*;q=0.1\naccept-encoding: identity",
            server.address,
            env!("CARGO_PKG_VERSION")
        )]
    );
}

#[test]
fn redirects_are_followed_without_what_the_last_hop_said() {
    let server = Server::new(|path, stream| match path {
        "/first" => {
            say(
                stream,
                b"HTTP/1.1 301 Moved\r\nLocation: second#x\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n",
            );
        }
        _ => say(stream, b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi"),
    });
    assert!(server.said("/first").starts_with(&server.url("/second (text/plain")));
    assert!(!server.heads()[1].to_lowercase().contains("cookie"));
    assert!(!server.heads()[1].to_lowercase().contains("referer"));
}

#[test]
fn a_page_that_is_an_error_is_a_complaint_with_its_text() {
    let server = Server::saying(
        "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\nno such",
    );
    let text = server.complaint("/x");
    assert!(text.ends_with("/x (text/plain, status 404, 7 bytes)\n\nno such"), "{text}");
}

#[test]
fn only_so_many_characters_are_shown() {
    let server = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    let reach = Reach { allowed: vec![Place::Address(server.address)] };
    let arguments = json!({"url": server.url("/"), "max_chars": 2});
    let ended = call(&arguments, &reach, None, Duration::from_secs(30));
    let mainspring_tools::Ended::Returned { text, error: false } = ended else { panic!("{ended:?}") };
    assert!(
        text.ends_with("\n\nhe\n\n[the first 2 of 5 characters; a larger `max_chars` shows more]"),
        "{text}"
    );
}

#[test]
fn arguments_that_do_not_fit_are_told() {
    let text = complaint(call(&json!({}), &Reach::default(), None, Duration::from_secs(1)));
    assert_eq!(
        text,
        "the arguments of `web_fetch` do not fit: missing field `url`; it takes `url` and, if you like, `max_chars`"
    );
}
