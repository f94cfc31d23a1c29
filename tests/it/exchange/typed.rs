//! Cell types of workbooks: amounts are numbers and dates are dates, in exports and in imports.

use calamine::{Data, Reader};
use serde_json::{Value, json};

use super::world::{Works, World, counts, download, execute, export, import, product, result, wait_for_end};
use crate::world::on_both;

on_both!(
    amounts_and_dates_are_typed_cells_and_come_back,
    a_movements_export_names_the_lot,
    dates_of_a_sheet_are_days_of_lots,
    a_decimal_comma_is_read_where_it_was_chosen_and_nowhere_else,
);

type Book = calamine::Xlsx<std::io::Cursor<Vec<u8>>>;

async fn book(world: &World, noun: &str) -> (Value, Vec<u8>) {
    let exchange = wait_for_end(world, &export(world, json!({ "entity": noun, "format": "XLSX" })).await).await;
    assert_eq!(exchange["state"], "DONE", "{noun}: {exchange:#}");
    let bytes = download(world, &exchange["result"]["downloadUrl"]).await;
    (exchange, bytes)
}

/// The cells of a column below its header that are not empty.
fn column(bytes: &[u8], name: &str) -> Vec<Data> {
    let mut book: Book = calamine::Xlsx::new(std::io::Cursor::new(bytes.to_vec())).unwrap();
    let range = book.worksheet_range("Rows 1").unwrap();
    let mut rows = range.rows();
    let at = rows.next().unwrap().iter().position(|cell| *cell == Data::String(name.to_owned())).unwrap();
    rows.map(|row| row[at].clone()).filter(|cell| *cell != Data::Empty).collect()
}

/// Days since 1899-12-30, as Excel counts them.
fn serial(cell: &Data) -> Option<f64> {
    if let Data::DateTime(at) = cell { Some(at.as_f64()) } else { None }
}

const LOTS: &str =
    "sku,store,onHand,lot,madeOn,expiresOn\nmilk,alpha-shop,5,L-1,2026-01-02,2026-11-30\nmilk,alpha-shop,7,L-2,,2027-01-31\n";

async fn with_lots(world: &World) {
    let exchange =
        wait_for_end(world, &import(world, "PRODUCTS", "sku,name,tracking,price\nmilk,Milk,LOT,1.25\n", json!({})).await).await;
    assert_eq!(counts(&exchange)[4], 0, "{}", result(world, &exchange).await);
    let put = wait_for_end(world, &import(world, "STOCK", LOTS, json!({})).await).await;
    assert_eq!(counts(&put), [2, 0, 2, 0, 0], "{put:#}\n{}", result(world, &put).await);
}

async fn amounts_and_dates_are_typed_cells_and_come_back(world: &World) {
    let works = Works::begin(world);
    with_lots(world).await;
    let dates = |cells: &[Data]| cells.iter().all(|cell| matches!(cell, Data::DateTime(_)));
    let numbers = |cells: &[Data]| cells.iter().all(|cell| matches!(cell, Data::Float(_) | Data::Int(_)));
    for (noun, amounts, moments) in [
        ("PRODUCTS", vec!["price", "unitCost", "lowStockThreshold"], vec![]),
        ("STOCK", vec!["onHand", "available"], vec!["expiresOn", "madeOn", "updatedAt"]),
        ("MOVEMENTS", vec!["seq", "onHandDelta", "unitCost"], vec!["occurredAt", "recordedAt"]),
        ("ORDERS", vec!["quantity", "unitPrice", "total"], vec!["placedAt"]),
    ] {
        let (exchange, bytes) = book(world, noun).await;
        for name in amounts {
            let cells = column(&bytes, name);
            assert!(numbers(&cells), "{noun} {name}: {cells:?}");
        }
        for name in moments {
            let cells = column(&bytes, name);
            assert!(!cells.is_empty() && dates(&cells), "{noun} {name}: {cells:?}");
        }
        if noun == "MOVEMENTS" {
            continue;
        }
        let again = wait_for_end(world, &import(world, noun, bytes, json!({})).await).await;
        let all = counts(&exchange)[0];
        assert_eq!(counts(&again), [all, 0, 0, all, 0], "{noun}: {again:#}\n{}", result(world, &again).await);
    }
    let (_, bytes) = book(world, "PRODUCTS").await;
    assert!(column(&bytes, "price").contains(&Data::Float(1.25)));
    let (_, bytes) = book(world, "STOCK").await;
    let days: Vec<_> = column(&bytes, "expiresOn").iter().filter_map(serial).collect();
    assert!(days.contains(&46_356.0) && days.contains(&46_418.0), "{days:?}");
    works.kill().await;
}

async fn a_movements_export_names_the_lot(world: &World) {
    let works = Works::begin(world);
    with_lots(world).await;
    for format in ["CSV", "JSONL"] {
        let exchange = wait_for_end(world, &export(world, json!({ "entity": "MOVEMENTS", "format": format })).await).await;
        let text = result(world, &exchange).await;
        let mut lots: Vec<String> = match format {
            "CSV" => {
                let mut rows = csv::Reader::from_reader(text.as_bytes());
                let at = rows.headers().unwrap().iter().position(|name| name == "lot").expect("a column of lots");
                rows.records().map(|row| row.unwrap()[at].to_owned()).filter(|lot| !lot.is_empty()).collect()
            }
            _ => text
                .lines()
                .filter_map(|line| serde_json::from_str::<Value>(line).unwrap()["lot"].as_str().map(str::to_owned))
                .collect(),
        };
        lots.retain(|lot| lot.starts_with("L-"));
        lots.sort();
        assert_eq!(lots, ["L-1", "L-2"], "{format}: {text}");
    }
    works.kill().await;
}

async fn dates_of_a_sheet_are_days_of_lots(world: &World) {
    let works = Works::begin(world);
    with_lots(world).await;
    let mut book = rust_xlsxwriter::Workbook::new();
    let (sheet, day) = (book.add_worksheet(), rust_xlsxwriter::Format::new().set_num_format("dd.mm.yyyy"));
    for (at, name) in (0..).zip(["sku", "store", "onHand", "lot", "expiresOn"]) {
        sheet.write_string(0, at, name).unwrap();
    }
    for (at, text) in [(0, "milk"), (1, "alpha-shop"), (3, "L-3")] {
        sheet.write_string(1, at, text).unwrap();
    }
    sheet.write_number(1, 2, 3.0).unwrap();
    sheet.write_number_with_format(1, 4, 46_356.0, &day).unwrap();
    let exchange = wait_for_end(world, &import(world, "STOCK", book.save_to_buffer().unwrap(), json!({})).await).await;
    assert_eq!(counts(&exchange), [1, 0, 1, 0, 0], "{exchange:#}\n{}", result(world, &exchange).await);
    let lots = execute(world, "{ lots(first: 50) { nodes { code expiresOn } } }", json!({})).await["lots"]["nodes"].take();
    assert!(lots.as_array().unwrap().contains(&json!({ "code": "L-3", "expiresOn": "2026-11-30" })), "{lots:#}");
    works.kill().await;
}

async fn a_decimal_comma_is_read_where_it_was_chosen_and_nowhere_else(world: &World) {
    let works = Works::begin(world);
    let text = "sku;name;price;unitCost\nc-1;One;4,50;1,2\nc-2;Two;4.50;\nc-3;Three;1.234,50;\nc-4;Four;12;\n";
    let plain = wait_for_end(world, &import(world, "PRODUCTS", text, json!({ "validateOnly": true })).await).await;
    assert_eq!(counts(&plain), [4, 2, 0, 0, 2], "{}", result(world, &plain).await);
    let exchange = wait_for_end(world, &import(world, "PRODUCTS", text, json!({ "decimalSeparator": "COMMA" })).await).await;
    assert_eq!(counts(&exchange), [4, 2, 0, 0, 2], "{}", result(world, &exchange).await);
    let refused = result(world, &exchange).await;
    assert!(refused.contains("2,INVALID,price,") && refused.contains("3,INVALID,price,"), "{refused}");
    assert_eq!(product(world, "c-1").await["price"]["amount"], "4.50");
    assert_eq!(product(world, "c-4").await["price"]["amount"], "12.00");
    // A cell of type number ignores the chosen decimal separator.
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (at, name) in (0..).zip(["sku", "name", "price", "unitCost"]) {
        sheet.write_string(0, at, name).unwrap();
    }
    sheet.write_string(1, 0, "c-5").unwrap();
    sheet.write_string(1, 1, "Five").unwrap();
    sheet.write_number(1, 2, 4.5).unwrap();
    sheet.write_string(1, 3, "1,20").unwrap();
    for bytes in
        [book.save_to_buffer().unwrap(), b"{\"sku\":\"c-6\",\"name\":\"Six\",\"price\":4.5,\"unitCost\":\"1,20\"}\n".to_vec()]
    {
        let exchange = wait_for_end(world, &import(world, "PRODUCTS", bytes, json!({ "decimalSeparator": "COMMA" })).await).await;
        assert_eq!(counts(&exchange), [1, 1, 0, 0, 0], "{}", result(world, &exchange).await);
    }
    for sku in ["c-5", "c-6"] {
        assert_eq!(product(world, sku).await["price"]["amount"], "4.50", "{sku}");
    }
    works.kill().await;
}
