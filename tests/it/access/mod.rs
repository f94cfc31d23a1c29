//! Rights: limits on grants, visibility between shops, and integrations of partners.

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
