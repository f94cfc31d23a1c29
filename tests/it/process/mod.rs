//! The program as its users meet it: the real binary, real sockets, real databases, and processes that are killed.

mod client;
mod server;
mod shop;

mod audit;
mod budget;
mod commands;
mod cookies;
mod crash;
mod edges;
mod hooks;
mod keys;
mod keeper;
mod live;
mod load;
mod mail;
mod papers;
mod people;
mod races;
mod replay;
mod stream;
