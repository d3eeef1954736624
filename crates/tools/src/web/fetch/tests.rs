//! What is asked, and above all what is not, when names resolve to whatever an attacker likes.

use std::{
    convert::Infallible,
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    thread,
};

use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::web::{Reach, address::Kind};

/// Issued the certificate of `secure.example`.
const AUTHORITY: &[u8] = include_bytes!("../../../tests/web/certificates/authority.pem");
const SERVER: &[u8] = include_bytes!("../../../tests/web/certificates/server.pem");
const SERVER_KEY: &[u8] = include_bytes!("../../../tests/web/certificates/server.key.pem");

fn certificate(pem: &[u8]) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem).expect("it is a certificate")
}

/// Gives its answers in turn, and counts how often it was asked by what is left.
struct Fake(Mutex<Vec<Vec<SocketAddr>>>);

impl Fake {
    fn new(answers: &[&[&str]]) -> Self {
        let address = |text: &&str| text.parse().expect("it is an address");
        Self(Mutex::new(answers.iter().rev().map(|answer| answer.iter().map(address).collect()).collect()))
    }

    fn left(&self) -> usize {
        self.0.lock().expect("nobody panicked").len()
    }
}

impl World for Fake {
    async fn resolve(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        self.0.lock().expect("nobody panicked").pop().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn tls(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(certificate(AUTHORITY)).expect("it is a certificate");
        Arc::new(connect::builder().with_root_certificates(roots).with_no_client_auth())
    }
}

/// A server on loopback that answers everything with the same bytes.
fn server(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection can be taken");
            let _ = stream.read(&mut [0; 4096]).expect("the request can be read");
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

/// A server on loopback that is `secure.example`, and says `hi`.
async fn secure_server() -> SocketAddr {
    let key = PrivateKeyDer::from_pem_slice(SERVER_KEY).expect("it is a key");
    let config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("the provider speaks the default versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate(SERVER)], key)
        .expect("the key is that of the certificate");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection can be taken");
        // A client that does not trust it goes away.
        let Ok(stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else { return };
        let answer = |_| async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("hi")))) };
        let connection = hyper::server::conn::http1::Builder::new();
        let _ = connection.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
    });
    address
}

async fn get_secure(host: &str) -> Result<Page, Broken> {
    let server = secure_server().await;
    let (place, port) = (server.to_string(), server.port());
    let resolver = Fake::new(&[&[&place]]);
    let reach = allowing(&[format!("{host}:{port}")]);
    get(&resolver, &format!("https://{host}:{port}/"), &reach).await
}

#[tokio::test]
async fn an_encrypted_page_is_read_from_whom_its_certificate_names_and_nobody_else() {
    assert_eq!(get_secure("secure.example").await.expect("it is trusted").body, b"hi");
    let told = get_secure("other.example").await.expect_err("the certificate is another's").to_string();
    assert!(told.starts_with("`other.example` cannot be reached: invalid peer certificate"), "{told}");
}

async fn get(resolver: &Fake, url: &str, reach: &Reach) -> Result<Page, Broken> {
    let rules = Rules { reach, hosts: None };
    fetch(resolver, Target::parse(url, &rules)?, &rules).await
}

fn allowing(places: &[String]) -> Reach {
    Reach { allowed: places.iter().map(|place| place.parse().expect("it is a place")).collect() }
}

async fn check(kind: Kind, answer: &[&str]) {
    let resolver = Fake::new(&[answer]);
    match get(&resolver, "http://evil.example/", &Reach::default()).await {
        Err(Broken::Refused(Refusal::Private { kind: told, .. })) => assert_eq!(told, kind, "{answer:?}"),
        other => panic!("{answer:?} was not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_name_is_refused_for_each_kind_of_address_it_may_hide() {
    check(Kind::Loopback, &["127.0.0.1:80"]).await;
    check(Kind::Loopback, &["[::1]:80"]).await;
    check(Kind::Loopback, &["[::ffff:127.0.0.1]:80"]).await;
    check(Kind::Private, &["10.0.0.1:80"]).await;
    check(Kind::Private, &["[fc00::1]:80"]).await;
    check(Kind::Private, &["[64:ff9b::10.0.0.1]:80"]).await;
    check(Kind::LinkLocal, &["169.254.1.1:80"]).await;
    check(Kind::LinkLocal, &["[fe80::1]:80"]).await;
    check(Kind::Metadata, &["169.254.169.254:80"]).await;
    check(Kind::Metadata, &["[fd00:ec2::254]:80"]).await;
    check(Kind::Carrier, &["100.64.0.1:80"]).await;
    check(Kind::Multicast, &["224.0.0.1:80"]).await;
    check(Kind::Unspecified, &["0.0.0.0:80"]).await;
    check(Kind::Unspecified, &["[::]:80"]).await;
    check(Kind::Reserved, &["[2002:7f00:1::]:80"]).await;
}

#[tokio::test]
async fn a_name_with_a_public_and_a_private_address_is_refused_whole() {
    check(Kind::Private, &["93.184.215.14:80", "192.168.0.1:80"]).await;
    check(Kind::Loopback, &["[::1]:80", "93.184.215.14:80"]).await;
}

/// A target that is held to nothing but where it leads.
fn target(host: &str, port: u16) -> Target {
    let url = format!("http://{host}:{port}/").parse().expect("it is a URL");
    Target { url, host: host.to_owned(), port }
}

#[tokio::test]
async fn nothing_is_sent_to_what_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.set_nonblocking(true).expect("it is a socket");
    let address = listener.local_addr().expect("it is bound");
    let (rules, resolver) =
        (Rules { reach: &Reach::default(), hosts: None }, Fake::new(&[&[&address.to_string()]]));
    for host in ["127.0.0.1", "evil.example"] {
        let refused = fetch(&resolver, target(host, address.port()), &rules).await;
        assert!(matches!(refused, Err(Broken::Refused(Refusal::Private { .. }))), "{refused:?}");
    }
    assert!(listener.accept().is_err(), "nobody connected");
}

#[tokio::test]
async fn a_name_is_resolved_once_so_that_its_second_answer_counts_for_nothing() {
    let checked = server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    let port = checked.port();
    // The second answer would be refused, and the third is nobody's.
    let resolver = Fake::new(&[&[&checked.to_string()], &[&format!("127.0.0.2:{port}")]]);
    // Allowed as an address only: that the name is, says nothing of what else it resolves to.
    let reach = allowing(&[checked.to_string()]);
    let rules = Rules { reach: &reach, hosts: None };
    let page =
        fetch(&resolver, target("rebind.example", port), &rules).await.expect("the first answer is allowed");
    assert_eq!((page.body.as_slice(), resolver.left()), (b"hi".as_slice(), 1));
}

#[tokio::test]
async fn a_redirect_is_resolved_and_checked_like_the_first_url() {
    let first = server("HTTP/1.1 302 Found\r\nLocation: http://inner.example/\r\nContent-Length: 0\r\n\r\n");
    let resolver = Fake::new(&[&["10.1.2.3:80"]]);
    let error = get(&resolver, &format!("http://{first}/"), &allowing(&[first.to_string()])).await;
    let told = error.expect_err("it leads into a private network").to_string();
    assert_eq!(
        told,
        "`inner.example`, which is `10.1.2.3`, is not public but a private network; only public hosts are fetched, \
         and what the server's owner allows"
    );
}

#[tokio::test]
async fn a_name_that_the_owner_allows_is_reached_at_a_private_address() {
    let inner = server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    let place = format!("wiki.internal:{}", inner.port());
    let resolver = Fake::new(&[&[&inner.to_string()]]);
    let page = get(&resolver, &format!("http://Wiki.Internal.:{}/", inner.port()), &allowing(&[place])).await;
    assert_eq!(page.expect("the owner allows it").body, b"hi");
}

#[tokio::test]
async fn from_https_nobody_is_led_to_http() {
    let rules = Rules { reach: &Reach::default(), hosts: None };
    let target = Target::parse("https://example.com/a", &rules).expect("it may be asked");
    let refused = target.follow("http://example.com/a", &rules);
    assert_eq!(refused, Err(Refusal::Downgrade { url: "http://example.com/a".into() }));
    assert_eq!(
        target.follow("//other.example/b", &rules).map(|next| next.url.to_string()).as_deref(),
        Ok("https://other.example/b")
    );
}

#[tokio::test]
async fn a_name_without_an_address_is_said() {
    let told = get(&Fake::new(&[]), "http://nowhere.example/", &Reach::default()).await;
    let told = told.expect_err("there is none").to_string();
    assert!(told.starts_with("the name `nowhere.example` was not found"), "{told}");
    let told = get(&Fake::new(&[&[]]), "http://nowhere.example/", &Reach::default()).await;
    assert!(told.expect_err("there is none").to_string().ends_with("the name has no address"));
}
