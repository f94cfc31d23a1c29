//! Rights: who may be given what, what shops see of each other, and what programs of partners may do.

mod agree;
mod created;
mod groups;
mod integrations;
mod keys;
mod migration;
mod partners;
mod roles;
mod shops;
mod speed;
mod stages;
mod temporary;
mod uses;
mod world;
