//! Real MCP servers, and one that does everything a server should not.

#[path = "servers/fixture.rs"]
mod fixture;

#[path = "servers/calls.rs"]
mod calls;
#[path = "servers/greeting.rs"]
mod greeting;
#[path = "servers/lists.rs"]
mod lists;
#[path = "servers/real.rs"]
mod real;
#[path = "servers/web.rs"]
mod web;
