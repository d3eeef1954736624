//! What `web_fetch` says of pages, and that a server cannot lead it anywhere or hold it up.

#[path = "web/attacks.rs"]
mod attacks;
#[path = "web/pages.rs"]
mod pages;
#[path = "web/server.rs"]
mod server;
