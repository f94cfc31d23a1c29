//! The program as its users meet it: the real binary, real sockets, real databases, and processes that are killed.

mod client;
mod server;
mod shop;

mod audit;
mod away;
mod budget;
mod cluster;
mod commands;
mod cookies;
mod crash;
mod edges;
mod events;
mod examples;
mod files;
mod front;
mod hooks;
mod imports;
mod keys;
mod keeper;
mod live;
mod load;
mod mail;
mod nodes;
mod operations;
mod papers;
mod people;
mod races;
pub mod redis;
mod replay;
mod roles;
mod sharing;
mod stream;
mod topics;
mod topology;
mod watch;
