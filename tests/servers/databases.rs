//! The tables as migrations make them, and databases of servers that a test starts or reaches by another address.

mod idle_pages;
mod months;
mod own_limits;
mod tables;
mod upgrades;

pub use crate::support::databases::*;

impl Home {
    /// A database that has just been migrated on a server of the test's own.
    pub async fn postgres_at(server: &str) -> Self {
        let home = Self::create(server.to_owned(), connect(server).await, "").await;
        migrate(&home.url).await;
        home
    }

    /// Returns the same database under another address; dropping it does not stop the database.
    pub fn by_way_of(&self, url: String) -> Self {
        Self { url, folder: self.folder.clone(), postgres: None }
    }
}
