//! An SQLite file that another program holds.

use sea_orm::ConnectionTrait;

use super::server::{Site, entrepot};
use crate::databases::connect;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_another_program_has_locked_is_told_and_opened_later() {
    let site = Site::sqlite().await;
    let other = connect(&site.url).await;
    // One that reads or writes in this mode keeps all others away until it closes the file.
    for sql in ["PRAGMA locking_mode = EXCLUSIVE", "UPDATE tenant SET slug = slug"] {
        other.execute_unprepared(sql).await.unwrap();
    }
    let verified = async || entrepot(&["verify", "--database-url", &site.url]).await;
    verified().await.assert_failed(&["it.sqlite", "another program has locked it", "try again"]);
    other.close().await.unwrap();
    site.verify().await;
}
