//! A drill: the newest backup restored beside the database, proven, and removed.

use std::fs;

use super::Shop;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drill_restores_proves_measures_and_removes() {
    let shop = Shop::open().await;
    let id = shop.made().await;
    let file = shop.site.folder.join("it.sqlite.drill");
    let before = fs::read(shop.site.folder.join("it.sqlite")).unwrap();
    let drilled = shop.backup(&["drill"]).await;
    assert!(drilled.well(), "{drilled:?}");
    for part in [&format!("{id} can be restored"), "invariants hold over", "the heads of", "RPO ", "RTO "] {
        assert!(drilled.out.contains(part), "\"{part}\" is not in {drilled:?}");
    }
    assert!(shop.beside(&file).is_empty(), "nothing is left");
    assert_eq!(fs::read(shop.site.folder.join("it.sqlite")).unwrap(), before, "the database itself is not touched");
    assert!(shop.backup(&["list"]).await.out.contains("verified"));

    let chunk = shop.chunk(&id, 0);
    let mut turned = fs::read(&chunk).unwrap();
    turned[100] ^= 1;
    fs::write(&chunk, turned).unwrap();
    shop.backup(&["drill"]).await.refused(&["the chunk", "was changed"]);
    assert!(shop.beside(&file).is_empty(), "nothing is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drill_of_broken_rows_fails() {
    let shop = Shop::open().await;
    shop.site.tell("UPDATE stock_level SET on_hand = on_hand + 1").await;
    let id = shop.made().await;
    let drilled = shop.backup(&["drill", &id]).await;
    drilled.refused(&["the drill failed", "entrepot verify"]);
    assert!(drilled.out.contains("BROKEN"), "{drilled:?}");
    assert!(!shop.backup(&["list"]).await.out.contains("verified"));
    assert!(shop.beside(&shop.site.folder.join("it.sqlite.drill")).is_empty(), "nothing is left");
}
