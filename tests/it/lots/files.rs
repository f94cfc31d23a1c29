//! Imports and exports of lots.

use serde_json::json;

use super::shop::{LotShop, lot};
use crate::{
    authorization::world::World,
    exchange::world::{Works, counts, export, import, result, wait_for_end},
    world::on_both,
};

on_both!(a_sheet_of_lots_is_read_and_comes_back, rows_with_wrong_lots_are_refused_by_themselves);

async fn a_sheet_of_lots_is_read_and_comes_back(world: &World) {
    let works = Works::begin(world);
    let shop = LotShop::open(world).await;
    let here = shop.office.store.clone();
    let text = "sku,store,Batch Number,made on,Best before,onHand\nCHEESE,DOCK,L-1,2026-01-01,2099-01-31,5\nCHEESE,DOCK,L-2,,,7\nDRILL,DOCK,S-1,,,1\nCUP,DOCK,,,,9\n";
    let read = wait_for_end(world, &import(world, "STOCK", text, json!({})).await).await;
    assert_eq!(counts(&read), [4, 0, 4, 0, 0], "{read:#}\n{}", result(world, &read).await);
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("L-1", 5, 0), lot("L-2", 7, 0)]);
    let changes = "sku,store,lot,delta\nCHEESE,DOCK,l-2,-3\nCHEESE,DOCK,L-3,2\n";
    let changed = wait_for_end(world, &import(world, "STOCK_CHANGES", changes, json!({})).await).await;
    assert_eq!(counts(&changed), [2, 0, 2, 0, 0], "{changed:#}\n{}", result(world, &changed).await);
    assert_eq!(shop.lots(&shop.cheese, &here).await, [lot("L-1", 5, 0), lot("L-2", 4, 0), lot("L-3", 2, 0)]);
    // Reserved units of a level are listed on the first of its lots, and an import of the file
    // changes nothing.
    shop.create_held_transfer(&[(&shop.cheese, 6)]).await;
    let exchange = wait_for_end(world, &export(world, json!({ "entity": "STOCK" })).await).await;
    let sheet = result(world, &exchange).await;
    let mut rows = csv::Reader::from_reader(sheet.as_bytes());
    let head: Vec<String> = rows.headers().unwrap().iter().map(str::to_owned).collect();
    let shown_expected = ["sku", "lot", "madeOn", "expiresOn", "onHand", "reserved", "available"]
        .map(|name| head.iter().position(|known| known == name).unwrap());
    let ours: Vec<Vec<String>> = rows
        .records()
        .map(|row| shown_expected.iter().map(|at| row.as_ref().unwrap()[*at].to_owned()).collect::<Vec<_>>())
        .filter(|row| row[0] == "CHEESE" || row[0] == "CUP")
        .collect();
    let expected = [
        ["CHEESE", "L-1", "2026-01-01", "2099-01-31", "5", "6", "5"],
        ["CHEESE", "L-2", "", "", "4", "", "4"],
        ["CHEESE", "L-3", "", "", "2", "", "2"],
        ["CUP", "", "", "", "9", "0", "9"],
    ];
    let mut ours = ours;
    ours.sort();
    assert_eq!(ours, expected.map(|row| row.map(str::to_owned).to_vec()));
    let again = wait_for_end(world, &import(world, "STOCK", sheet, json!({})).await).await;
    assert_eq!(counts(&again)[1..], [0, 0, counts(&again)[0], 0], "{again:#}\n{}", result(world, &again).await);
    shop.office.is_sound().await;
    works.kill().await;
}

async fn rows_with_wrong_lots_are_refused_by_themselves(world: &World) {
    let works = Works::begin(world);
    LotShop::open(world).await;
    let text = "sku,store,lot,expiresOn,onHand\nCHEESE,DOCK,,,5\nCHEESE,DOCK,L-1,31.01.2099,5\nCUP,DOCK,L-1,,5\nCUP,DOCK,,2099-01-31,5\nDRILL,DOCK,S-1,,2\nalpha-mug,DOCK,,,5\n";
    let read = wait_for_end(world, &import(world, "STOCK", text, json!({})).await).await;
    assert_eq!(counts(&read), [6, 0, 1, 0, 5], "{read:#}");
    let reported_text = result(world, &read).await;
    let mut heads: Vec<String> =
        reported_text.lines().skip(1).map(|line| line.split(',').take(3).collect::<Vec<_>>().join(",")).collect();
    heads.sort();
    assert_eq!(
        heads,
        ["1,INVALID,lot", "2,INVALID,expiresOn", "3,INVALID,lot", "4,INVALID,expiresOn", "5,OUT_OF_RANGE,onHand"],
        "{reported_text}"
    );
    works.kill().await;
}
