//! Backups that were cut, changed, exchanged or forged.

use std::fs;

use super::Shop;
use crate::process::server::entrepot;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chunk_that_was_touched_is_refused_by_name() {
    let shop = Shop::open().await;
    let (id, other) = (shop.made().await, shop.made().await);
    let chunk = shop.chunk(&id, 0);
    let whole = fs::read(&chunk).unwrap();
    let name = format!("the chunk {id}/000000");
    let (mut turned, mut last) = (whole.clone(), whole.clone());
    turned[whole.len() / 2] ^= 1;
    *last.last_mut().unwrap() ^= 0x80;
    let exchanged = fs::read(shop.chunk(&other, 0)).unwrap();
    let longer = [&whole[..], b"more"].concat();
    let cases: [(&[u8], &str); 6] = [
        (&turned, "was changed"),
        (&last, "was changed"),
        (&whole[..whole.len() / 2], "was cut or replaced"),
        (&[], "was cut or replaced"),
        (&longer, "was replaced"),
        (&exchanged, "was"),
    ];
    for (bytes, reason) in cases {
        fs::write(&chunk, bytes).unwrap();
        shop.backup(&["verify", &id]).await.assert_failed(&[&name, reason, "Restore another backup"]);
        shop.not_restored(&id, &[&name, reason]).await;
    }
    // A terabyte that takes no room: it is refused by its size, and never read.
    fs::File::options().write(true).open(&chunk).unwrap().set_len(1 << 40).unwrap();
    shop.not_restored(&id, &[&name, "was replaced"]).await;
    fs::remove_file(&chunk).unwrap();
    assert!(shop.backup(&["list"]).await.out.contains("BROKEN: the chunk 000000 is missing"));
    shop.not_restored(&id, &[&name, "is missing"]).await;
    assert!(!shop.backup(&["list"]).await.out.contains("verified"));
    fs::write(&chunk, &whole).unwrap();
    assert!(shop.backup(&["verify", &id]).await.has_succeeded());
    the_newest_whole_one_is_restored_when_asked_for(&shop, &id, &other).await;
}

/// One bit of the newest backup is flipped: an older one is restored in its place, but only on
/// request.
async fn the_newest_whole_one_is_restored_when_asked_for(shop: &Shop, older: &str, newest: &str) {
    let turn = |id: &str| {
        let mut bytes = fs::read(shop.chunk(id, 0)).unwrap();
        bytes[64] ^= 1;
        fs::write(shop.chunk(id, 0), bytes).unwrap();
    };
    // A manifest that is lost is damage of a backup that was whole, and no backup that was never finished.
    assert!(shop.backup(&["verify", newest]).await.has_succeeded());
    let (manifest, hidden) = (shop.manifest(newest), shop.site.folder.join("hidden.json"));
    fs::rename(&manifest, &hidden).unwrap();
    assert!(shop.backup(&["list"]).await.out.contains("BROKEN: its manifest is missing"));
    shop.not_restored("newest", &[newest, "has no manifest", "--newest-whole", older]).await;
    fs::rename(&hidden, &manifest).unwrap();
    turn(newest);
    shop.not_restored("newest", &[&format!("the chunk {newest}/000000 was changed"), "--newest-whole", older, "s are lost"])
        .await;
    let file = shop.site.folder.join("whole.sqlite");
    let restore = async |words: &[&str]| {
        let words = [&["restore", "--newest-whole"][..], words].concat();
        shop.run_backup(&format!("sqlite://{}", file.display()), &shop.site.keys(), &words).await
    };
    restore(&[older]).await.assert_failed(&["cannot be used with"]);
    let ended = restore(&[]).await;
    let passed_over = format!("skipped: the chunk {newest}/000000 was changed");
    for part in [passed_over.as_str(), &format!("holds {older}"), "s are lost with the newest backup"] {
        assert!(ended.has_succeeded() && ended.out.contains(part), "{part}: {ended:?}");
    }
    fs::remove_file(&file).unwrap();
    turn(older);
    restore(&[]).await.assert_failed(&["no backup of this location is whole", newest]);
    assert!(!file.exists(), "nothing is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manifest_that_was_touched_is_refused_by_name() {
    let shop = Shop::open().await;
    let (id, other) = (shop.made().await, shop.made().await);
    let manifest = shop.manifest(&id);
    let text = fs::read_to_string(&manifest).unwrap();
    for (from, to, reason) in [
        ("\\\"bytes\\\":", "\\\"bytes\\\":1", "the MAC does not fit"),
        ("\\\"name\\\":\\\"000000\\\"", "\\\"name\\\":\\\"../../it.sqlite.keys\\\"", "the MAC does not fit"),
        ("\\\"chunks\\\":[", "\\\"chunks\\\":[{},", "the MAC does not fit"),
        ("\"mac\": \"", "\"mac\": \"0", "the MAC does not fit"),
        ("\"data_key\": \"", "\"data_key\": \"zz", "cannot be read"),
        ("\"format\": 1", "\"format\": 7", "it has the format 7, and this version reads 2. Use Entrepot 0.1.0 or later"),
        ("\n}", "", "cannot be read"),
    ] {
        let touched = text.replacen(from, to, 1);
        assert_ne!(touched, text, "{from}");
        fs::write(&manifest, touched).unwrap();
        shop.not_restored(&id, &[&id, reason]).await;
        let listed = shop.backup(&["list"]).await;
        let line = listed.out.lines().find(|line| line.starts_with(&id)).unwrap();
        assert!(listed.has_succeeded() && line.contains("BROKEN"), "{from}: {listed:?}");
    }
    // The manifest of another backup, which is whole in itself.
    fs::copy(shop.manifest(&other), &manifest).unwrap();
    shop.not_restored(&id, &["does not open", &id]).await;
    // One that would take all memory.
    fs::File::options().write(true).open(&manifest).unwrap().set_len(1 << 36).unwrap();
    shop.not_restored(&id, &["is larger than"]).await;
    // The newest is refused, and no older one taken in its place.
    let newest = shop.manifest(&other);
    let sound = fs::read(&newest).unwrap();
    fs::write(&manifest, &text).unwrap();
    fs::write(&newest, &sound[..sound.len() / 2]).unwrap();
    shop.not_restored("newest", &[&other, "cannot be read", "Restore another backup"]).await;
    fs::remove_file(&manifest).unwrap();
    assert!(shop.backup(&["list"]).await.out.contains("never finished"));
    shop.not_restored(&id, &["has no manifest"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunks_of_one_backup_cannot_be_exchanged_left_out_or_cut_off() {
    let shop = Shop::open().await;
    let ballast = "INSERT INTO ballast SELECT value, randomblob(1000000) FROM json_each('[1,2,3,4,5,6,7,8,9,10]')";
    shop.site.run_sql("CREATE TABLE ballast (number INTEGER PRIMARY KEY, bytes BLOB)").await;
    shop.site.run_sql(ballast).await;
    let id = shop.made().await;
    assert!(shop.chunk(&id, 2).exists() && !shop.chunk(&id, 4).exists(), "pieces of 4 MiB");
    let (first, second) = (shop.chunk(&id, 0), shop.chunk(&id, 1));
    let (one, two) = (fs::read(&first).unwrap(), fs::read(&second).unwrap());
    fs::write(&first, &two).unwrap();
    fs::write(&second, &one).unwrap();
    shop.not_restored(&id, &[&format!("the chunk {id}/000000"), "was"]).await;
    fs::write(&first, &one).unwrap();
    shop.not_restored(&id, &[&format!("the chunk {id}/000001"), "was"]).await;
    // The last one is found after all others were written.
    fs::write(&second, &two).unwrap();
    let last = shop.chunk(&id, 2);
    let kept = fs::read(&last).unwrap();
    fs::write(&last, &kept[1..]).unwrap();
    shop.not_restored(&id, &[&format!("the chunk {id}/000002"), "was cut or replaced"]).await;
    fs::remove_file(&last).unwrap();
    shop.not_restored(&id, &["000002 is missing"]).await;
    fs::write(&last, &kept).unwrap();
    let (ended, file) = shop.restored("again.sqlite", &id).await;
    assert!(ended.has_succeeded() && fs::metadata(&file).unwrap().len() > 10_000_000, "{ended:?}");
    let proved = entrepot(&["verify", "--database-url", &format!("sqlite://{}", file.display())]).await;
    assert!(proved.has_succeeded(), "{proved:?}");
}

/// A clock that was an hour ahead named a backup, whose restore would lose the commits of an hour:
/// the operator must say which backup is the newest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_moment_to_come_is_not_the_newest() {
    let shop = Shop::open().await;
    let id = shop.made().await;
    let ahead = "20991129T140000000Z-0000abcd";
    fs::create_dir(shop.backups.join(ahead)).unwrap();
    fs::copy(shop.manifest(&id), shop.manifest(ahead)).unwrap();
    let words = ["which is in the future", ahead, "name the ID", id.as_str()];
    shop.not_restored("newest", &words).await;
    for command in [&["verify"][..], &["drill"], &["restore", "--newest-whole"]] {
        shop.backup(command).await.assert_failed(&words);
    }
    assert!(shop.backup(&["verify", &id]).await.has_succeeded());
    let (restored, _) = shop.restored("named.sqlite", &id).await;
    assert!(restored.has_succeeded(), "{restored:?}");
}
