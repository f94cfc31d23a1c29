//! Each invariant is broken by hand, and `verify` must name it: a check that cannot fail proves
//! nothing.

use std::collections::BTreeSet;

use entity::prelude::*;
use entrepot::{
    insight::verify::{Report, verify_tenant},
    ledger::{Command, StockCommand},
    orders::core::{NewStatus, OrderCommand},
    returns::core::{Receive, ReturnCommand},
    stock::core::Shortage,
    storage::{Backend, idempotency::Key},
};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::{
    by_database::by_database,
    factory::{CommandFactory, piece},
    kitted, media, moves, paid, torn, works,
    world::{MUG, POSTER, RICE, World, lift_constraints, literal, new_tenant},
};

/// A tenant's data, with words that stand for the IDs of its rows.
pub struct Story {
    pub tenant: TenantId,
    words: Vec<(&'static str, Uuid)>,
}

/// A bit of everything: receipts, corrections and a reversal, holds, orders in several states, returns.
pub async fn story(world: &World) -> Story {
    let (tenant, make) = new_tenant(&world.db, &world.clock).await;
    let submit = async |command: Command, key: Option<Key>| world.ledger.submit(tenant, command, key).await.unwrap().unwrap();
    let adjust = |changes: &[(usize, usize, i64)]| make.adjust(MovementKind::Adjustment, changes);
    let key = |mutation, key| Some(make.idempotency(mutation, key, "input"));
    submit(make.adjust(MovementKind::Receipt, &[(MUG, 0, 100), (RICE, 0, 5_000)]), key("stockAdjust", "1")).await;
    submit(adjust(&[(MUG, 0, -3)]), None).await;
    submit(adjust(&[(MUG, 1, 10)]), None).await;
    let corrected = submit(adjust(&[(RICE, 0, -100), (MUG, 0, 2)]), None).await.movements.remove(0);
    let original = corrected.id;
    let reversed = submit(Command::of(StockCommand::Reverse(make.reversing(corrected, Shortage::Refuse))), None).await;
    // Mirrors the same movement, but is no reversal.
    let twin = submit(adjust(&[(MUG, 0, -2), (RICE, 0, 100)]), None).await;
    submit(Command::of(StockCommand::Reserve(make.reserving(None, &[(MUG, 0, 5)]))), key("stockReserve", "2")).await;
    let mut partly =
        make.creating(NewStatus::Confirmed, vec![make.line(MUG, 4), make.line(POSTER, 2), CommandFactory::charge(499)]);
    partly.customer = make.customer;
    let partly_id = partly.id;
    submit(Command::of(OrderCommand::Create(Box::new(partly), Vec::new())), key("orderCreate", "3")).await;
    let ship = make.fulfilling(partly_id, None, Some(&[(1, 3)]));
    submit(Command::of(OrderCommand::Fulfil(ship, make.keys([MUG, POSTER]))), None).await;
    let (sold, command) = make.order(NewStatus::Fulfilled, &[(MUG, 6), (RICE, 1_500)]);
    submit(command, None).await;
    let until = world.clock.now().plus_seconds(900);
    let (pending, command) = make.order(NewStatus::Pending { until }, &[(MUG, 2)]);
    submit(command, None).await;
    let (cancelled, command) = make.order(NewStatus::Confirmed, &[(MUG, 1)]);
    submit(command, None).await;
    submit(Command::of(OrderCommand::Cancel(make.act(cancelled), make.keys([MUG]))), None).await;
    let mut matched = make.return_line(MUG, 2, Disposition::Restock);
    matched.matches = vec![piece(sold, 1, 2)];
    let lines = vec![matched.clone(), make.return_line(RICE, 100, Disposition::WriteOff)];
    let ret = make.returning(Receive::Now, lines);
    let received = ret.id;
    submit(Command::of(ReturnCommand::Create(Box::new(ret))), key("returnCreate", "4")).await;
    let ret = make.returning(Receive::Later, vec![matched]);
    let requested = ret.id;
    submit(Command::of(ReturnCommand::Create(Box::new(ret))), None).await;
    let (lot, crate_of) = super::lots::lotted(world, tenant, &make).await;
    let words = vec![
        ("cheese", crate_of.uuid()),
        ("lot", lot.uuid()),
        ("tenant", tenant.uuid()),
        ("mug", make.products[MUG].uuid()),
        ("rice", make.products[RICE].uuid()),
        ("s0", make.stores[0].uuid()),
        ("original", original.uuid()),
        ("reversal", reversed.movements[0].id.uuid()),
        ("twin", twin.movements[0].id.uuid()),
        ("partly", partly_id.uuid()),
        ("sold", sold.uuid()),
        ("pending", pending.uuid()),
        ("cancelled", cancelled.uuid()),
        ("received", received.uuid()),
        ("requested", requested.uuid()),
        ("new", world.clock.uuid()),
    ];
    let moved = moves::story(world, tenant, &make).await;
    let words = [words, moved, kitted::story(world, tenant, &make, crate_of).await].concat();
    Story { tenant, words }
}

/// SQL that breaks something, and the beginnings of all invariants that must then be named broken.
#[derive(Clone, Copy)]
pub struct Case {
    sql: &'static str,
    named: &'static [&'static str],
}
pub const fn case(sql: &'static str, named: &'static [&'static str]) -> Case {
    Case { sql, named }
}

const TELLS: &str = "journal: a stock.changed has";
const VALUES: &str = "entry: each after-value";

/// In the SQL, `{word}` stands for an ID of the story, `@` for the condition on the tenant.
const CASES: &[Case] = &[
    case(
        "UPDATE stock_level SET incoming = -1 WHERE @ AND product_id = {mug} AND store_id = {s0}",
        &["level: buckets", "level: equals", "level: incoming"],
    ),
    case(
        "UPDATE stock_level SET incoming = 5 WHERE @ AND product_id = {mug} AND store_id = {s0}",
        &["level: incoming", "level: equals"],
    ),
    case("UPDATE stock_level SET in_transit = 1 WHERE @ AND product_id = {mug} AND store_id = {s0}", &["level: equals", "level: in transit ="]),
    case("UPDATE stock_level SET last_occurred_at = last_occurred_at + 1 WHERE @ AND product_id = {rice}", &["level: its quantities"]),
    case("UPDATE stock_level SET seq = 1 WHERE @ AND product_id = {rice}", &["level: its quantities"]),
    case(
        "UPDATE entry SET version_after = version_after + 100 WHERE @ AND product_id = {rice} AND version_after =
           (SELECT version FROM stock_level WHERE @ AND product_id = {rice});
         UPDATE stock_level SET version = version + 100 WHERE @ AND product_id = {rice}",
        &["entry: a level's versions", TELLS],
    ),
    case("UPDATE entry SET on_hand_after = on_hand_after + 1 WHERE @ AND product_id = {rice} AND version_after = 2", &[VALUES, TELLS]),
    case(
        "UPDATE entry SET on_hand_delta = on_hand_delta + 1 WHERE @ AND product_id = {rice} AND version_after = 1",
        &[VALUES, TELLS, "level: equals"],
    ),
    case("UPDATE entry SET occurred_max = occurred_max + 1 WHERE @ AND product_id = {rice} AND version_after = 2", &["entry: occurred_max"]),
    case(
        "UPDATE entry SET unavailable_after = -1 WHERE @ AND product_id = {rice} AND version_after = 2",
        &["entry: no after-value", VALUES, TELLS],
    ),
    case("UPDATE entry SET recorded_at = recorded_at - 1 WHERE @ AND seq = 1 AND line = 1", &["entry: lines run"]),
    case(
        "INSERT INTO movement (tenant_id, seq, id, kind, actor_kind, actor_id, occurred_at, business_date, recorded_at)
           SELECT tenant_id, (SELECT head + 1 FROM tenant_counter WHERE @), {new}, kind, actor_kind, actor_id, occurred_at, business_date,
             recorded_at FROM movement WHERE @ AND seq = 1;
         INSERT INTO event SELECT tenant_id, (SELECT head + 1 FROM tenant_counter WHERE @), kind, payload,
           (SELECT recorded_at FROM tenant_counter WHERE @) FROM event WHERE @ AND seq = 1;
         UPDATE tenant_counter SET head = head + 1 WHERE @",
        &["movement: has entries"],
    ),
    case(
        "INSERT INTO history_block (tenant_id, product_id, store_id, block, recorded_at)
           SELECT tenant_id, product_id, store_id, 0, 0 FROM stock_level WHERE @ AND product_id = {rice};
         INSERT INTO history_sum (tenant_id, product_id, store_id, block, occurred_at, on_hand_delta)
           SELECT tenant_id, product_id, store_id, block, 1, 7 FROM history_block WHERE @",
        &["history: the condensed value"],
    ),
    case(
        "UPDATE lot_level SET on_hand = on_hand + 1 WHERE @ AND product_id = {cheese} AND lot_id <> {lot}",
        &["lot: the lots of", "lot: its quantity in", "lot: on hand is"],
    ),
    case("UPDATE product SET tracking = 'NONE' WHERE @ AND id = {cheese}", &[
        "lot: entries name",
        "lot: the lots of",
        "transfer line: its lots sum",
    ]),
    case("UPDATE lot_level SET on_hand = on_hand - 1, unavailable = unavailable - 1 WHERE @ AND lot_id = {lot}", &[
        "lot: its quantity in",
        "lot: the lots of",
        "lot: on hand is",
    ]),
    case("UPDATE lot SET on_hand = on_hand + 1 WHERE @ AND id = {lot}", &["lot: on hand is"]),
    case("UPDATE lot SET status = 'RECALLED' WHERE @ AND product_id = {cheese}", &["lot: one that is quarantined"]),
    case(
        "UPDATE entry SET condition = 'DAMAGED', unavailable_delta = -1 WHERE @ AND product_id = {cheese} AND version_after = 3",
        &["entry: the unavailable units of", VALUES, TELLS, "level: equals", "lot: its quantity in"],
    ),
    case("UPDATE reservation SET remaining = remaining - 1 WHERE @ AND order_id IS NULL AND status = 'ACTIVE'", &["reservation: open ones"]),
    case("UPDATE reservation SET status = 'ACTIVE' WHERE @ AND order_id = {cancelled}", &["reservation: is ACTIVE"]),
    case(
        "UPDATE order_line SET open = 0, cancelled = 1 WHERE @ AND order_id = {partly} AND position = 1",
        &["reservation: an order's hold", "work: the units that stores"],
    ),
    case("UPDATE order_line SET open = open + 1 WHERE @ AND order_id = {partly} AND position = 3", &["order line: ordered ="]),
    case("UPDATE sales_order SET expires_at = NULL WHERE @ AND id = {pending}", &["order: its lines fit"]),
    case("UPDATE sales_order SET status = 'CANCELLED' WHERE @ AND id = {sold}", &["order: its lines fit", "order line: fulfilled ="]),
    case("UPDATE fulfilment_line SET quantity = quantity - 1 WHERE @ AND order_id = {partly}", &["order line: fulfilled ="]),
    case(
        "UPDATE movement SET kind = 'REMOVAL' WHERE @ AND reference_id = {sold} AND kind = 'SALE'",
        &["order line: the SALE entries", TELLS],
    ),
    case(
        "UPDATE order_line SET product_id = {rice} WHERE @ AND order_id = {pending}",
        &["movement: each entry", "reservation: an order's hold"],
    ),
    case("UPDATE order_line SET returned = returned + 1 WHERE @ AND order_id = {sold} AND position = 1", &["order line: returned ="]),
    case(
        "UPDATE order_line SET return_pending = return_pending + 1 WHERE @ AND order_id = {sold} AND position = 1",
        &["order line: to be returned ="],
    ),
    case("UPDATE return_match SET quantity = 3 WHERE @ AND return_id = {requested}", &["return line: its pieces", "order line: to be returned ="]),
    case(
        "UPDATE return_line SET quantity = 101, received = 101 WHERE @ AND return_id = {received} AND position = 2",
        &["return: its RETURN entries"],
    ),
    case("UPDATE return_line SET restocked = restocked + 1 WHERE @ AND return_id = {received} AND position = 1", &["return line: inspected <= received"]),
    case(
        "UPDATE return_line SET written_off = written_off - 1 WHERE @ AND return_id = {received} AND position = 2",
        &["return line: written off = its"],
    ),
    case(
        "INSERT INTO return_lot (tenant_id, return_id, position, lot_id, received, inspected) VALUES ({tenant}, {received}, 1, {lot}, 1, 1)",
        &["return lot: the lots of a line"],
    ),
    case("UPDATE sales_return SET refunded_minor = 5 WHERE @ AND id = {received}", &["return: it has a refund"]),
    case("UPDATE sales_order SET total_minor = total_minor + 1 WHERE @ AND id = {pending}", &["order: its total"]),
    case("UPDATE sales_return SET refund_minor = refund_minor + 1 WHERE @ AND id = {received}", &["return: its refund"]),
    case("UPDATE order_line SET discount_minor = 1 WHERE @ AND order_id = {sold} AND position = 2", &["order line: its total"]),
    case(
        "UPDATE order_line SET basis_quantity = quantity, basis_discount_minor = 0, basis_tax_minor = tax_minor + 1
           WHERE @ AND order_id = {sold} AND position = 2",
        &["order line: discount and tax follow"],
    ),
    case(
        "UPDATE sales_order SET number = 100 WHERE @ AND id = {cancelled}",
        &["order: numbers", "journal: order and return events"],
    ),
    case(
        "UPDATE sales_return SET number = 100 WHERE @ AND id = {requested}",
        &["return: numbers", "journal: order and return events"],
    ),
    case(
        "INSERT INTO event SELECT tenant_id, (SELECT head + 2 FROM tenant_counter WHERE @), 'product.updated', '{}', recorded_at
           FROM event WHERE @ AND seq = 1;
         UPDATE tenant_counter SET head = head + 2 WHERE @",
        &["journal: seq continues", "journal: time of recording", "counter: master data"],
    ),
    case("UPDATE tenant_counter SET recorded_at = 0 WHERE @", &["journal: time of recording"]),
    case("UPDATE tenant_counter SET head = head + 1 WHERE @", &["counter: exists"]),
    case("UPDATE tenant_counter SET return_number = 0 WHERE @", &["counter: exists"]),
    case("UPDATE event SET kind = 'stock.change' WHERE @ AND seq = 2", &["journal: a movement has its event"]),
    case("UPDATE movement SET reverses_id = {new} WHERE @ AND id = {reversal}", &["reversal: names"]),
    case("UPDATE movement SET kind = 'REVERSAL', reverses_id = {original} WHERE @ AND id = {twin}", &["reversal: a movement is", TELLS]),
    case(
        "UPDATE entry SET value_minor = value_minor + 1 WHERE @ AND movement_id = {reversal} AND line = 2",
        &["reversal: mirrors", "entry: its value"],
    ),
    case("DELETE FROM customer WHERE @", &["references: every referenced row exists in"]),
    case("UPDATE movement SET reference_id = {new} WHERE @ AND reference_id = {cancelled} AND kind = 'RELEASE'", &[
        "references: every referenced row exists in",
    ]),
    case("UPDATE event SET payload = replace(payload, '\"onHand\":', '\"onHand\":1') WHERE @ AND seq = 2", &[TELLS]),
    case("UPDATE event SET payload = '{}' WHERE @ AND seq = 2", &[TELLS]),
    case(
        "UPDATE event SET payload = replace(payload, '\"number\":', '\"number\":1') WHERE @ AND kind = 'order.created'",
        &["journal: order and return events"],
    ),
    case(
        "UPDATE idempotency SET receipt = replace(receipt, '\"movement\":', '\"movement\":99') WHERE @ AND mutation = 'stockAdjust'",
        &["idempotency: receipts"],
    ),
    case("UPDATE idempotency SET receipt = '[]' WHERE @ AND mutation = 'orderCreate'", &["idempotency: receipts"]),
    case(
        "INSERT INTO alert_follower (tenant_id, journal_seq) SELECT tenant_id, head FROM tenant_counter WHERE @;
         INSERT INTO alert (tenant_id, id, kind, subject, store_id, product_id, state, opened_at, version, updated_at)
           SELECT tenant_id, {new}, 'OUT_OF_STOCK', 'rice', store_id, product_id, 'OPEN', 0, 1, 0 FROM stock_level
           WHERE @ AND product_id = {rice} AND on_hand - unavailable - reserved > 0 ORDER BY store_id LIMIT 1",
        &["alert: an OUT_OF_STOCK alert"],
    ),
    case(
        "INSERT INTO alert_follower (tenant_id, journal_seq) SELECT tenant_id, head + 1 FROM tenant_counter WHERE @",
        &["alert: the last"],
    ),
    case(
        "INSERT INTO audit_head (tenant_id, seq, hash, checkpoint_seq, checkpoint_at) VALUES ({tenant}, 1, {hash}, 0, 0)",
        &["audit: each entry"],
    ),
];

pub fn named(report: &Report) -> BTreeSet<&'static str> {
    report.broken_lines().map(|line| line.invariant).collect()
}

/// Breaks a new story for each case. Stories are alike, so only the first is checked for soundness
/// beforehand.
async fn each_is_named(world: World, cases: &[Case]) {
    let raw = lift_constraints(&world).await;
    for (nth, Case { sql, named: expected }) in cases.iter().enumerate() {
        let story = story(&world).await;
        if nth == 0 {
            let sound = verify_tenant(&world.db, story.tenant, |_| {}).await.unwrap();
            assert!(sound.is_sound(), "the story itself is sound\n{sound}");
        }
        let hash = if world.backend() == Backend::Sqlite { "zeroblob(32)" } else { "decode(repeat('00', 32), 'hex')" };
        let mut text = sql.replace('@', "tenant_id = {tenant}").replace("{hash}", hash);
        for (word, id) in &story.words {
            text = text.replace(&format!("{{{word}}}"), &literal(world.backend(), *id));
        }
        raw.execute_unprepared(&text).await.unwrap();
        let report = verify_tenant(&world.db, story.tenant, |_| {}).await.unwrap();
        let all: BTreeSet<_> = report.lines.iter().map(|line| line.invariant).collect();
        let wanted: BTreeSet<_> = all.into_iter().filter(|name| expected.iter().any(|e| name.starts_with(e))).collect();
        assert_eq!(wanted.len(), expected.len(), "names in the table: {expected:?}");
        assert_eq!(named(&report), wanted, "after {sql}\n{report}");
        assert_eq!(report.exit_status(), 1);
    }
}

async fn broken_levels_and_entries_are_named(world: World) {
    each_is_named(world, &CASES[..CASES.len() / 2]).await;
}
async fn broken_holds_orders_and_returns_are_named(world: World) {
    each_is_named(world, &CASES[CASES.len() / 2..]).await;
}
async fn broken_transfers_counts_and_files_are_named(world: World) {
    each_is_named(world, &[moves::CASES, media::CASES, kitted::CASES].concat()).await;
}
async fn broken_payments_and_works_are_named(world: World) {
    each_is_named(world, &[paid::CASES, works::CASES].concat()).await;
}
async fn torn_documents_are_named(world: World) {
    each_is_named(world, torn::CASES).await;
}

async fn every_invariant_has_a_case_that_breaks_it(world: World) {
    let story = story(&world).await;
    let sound = verify_tenant(&world.db, story.tenant, |_| {}).await.unwrap();
    let cases = [CASES, moves::CASES, media::CASES, kitted::CASES, torn::CASES, paid::CASES, works::CASES].into_iter().flatten();
    let beginnings: Vec<_> = cases.map(|case| case.named[0]).chain(works::ELSEWHERE).collect();
    let names = sound.lines.iter().map(|line| line.invariant);
    let missed: Vec<_> = names.filter(|name| !beginnings.iter().any(|of| name.starts_with(of))).collect();
    assert!(missed.is_empty(), "no case breaks {missed:?}");
}

async fn rows_of_no_tenant_are_named(world: World) {
    story(&world).await;
    world.verify().await;
    let raw = lift_constraints(&world).await;
    let nobody = literal(world.backend(), world.clock.uuid());
    let sql = format!(
        "INSERT INTO barcode (tenant_id, code_key, code, product_id, pack_quantity, position) VALUES ({nobody}, '1', '1', {nobody}, 1, 1)"
    );
    raw.execute_unprepared(&sql).await.unwrap();
    let report = world.report().await;
    assert_eq!(Vec::from_iter(named(&report)), ["references: every row belongs to a tenant that exists"]);
    assert!(report.to_string().contains("barcode"), "{report}");
}

async fn a_search_index_that_went_astray_is_named(world: World) {
    story(&world).await;
    let raw = world.raw().await;
    raw.execute_unprepared("DROP TRIGGER product_search_update").await.unwrap();
    raw.execute_unprepared("UPDATE product SET search_text = 'something else' WHERE sku = 'p1'").await.unwrap();
    let report = world.report().await;
    assert_eq!(Vec::from_iter(named(&report)), ["search index: its words are those of the products"]);
}

async fn a_report_is_for_people(world: World) {
    story(&world).await;
    let mut progress_lines = Vec::new();
    let cell = std::sync::Mutex::new(&mut progress_lines);
    let report = entrepot::insight::verify::verify(&world.db, |what| cell.lock().unwrap().push(what.to_owned())).await.unwrap();
    let text = report.to_string();
    assert!(text.ends_with("invariants hold over 2 tenants"), "{text}");
    assert_eq!((report.exit_status(), report.tenants), (0, 2));
    assert!(progress_lines.iter().any(|line| line.ends_with("references of entry to movement")), "{progress_lines:?}");
    let raw = lift_constraints(&world).await;
    raw.execute_unprepared("UPDATE stock_level SET on_hand = on_hand + 1").await.unwrap();
    let text = world.report().await.to_string();
    for part in ["BROKEN", "ten_", " stock_level prd_", " sto_", "expected on hand ", ", found on hand "] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

by_database!(
    broken_levels_and_entries_are_named,
    broken_holds_orders_and_returns_are_named,
    broken_transfers_counts_and_files_are_named,
    broken_payments_and_works_are_named,
    torn_documents_are_named,
    every_invariant_has_a_case_that_breaks_it,
    rows_of_no_tenant_are_named,
    a_report_is_for_people
);
mod search {
    use super::a_search_index_that_went_astray_is_named as astray;
    use crate::ledger::world::World;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_search_index_that_went_astray_is_named() {
        astray(World::sqlite().await).await;
    }
}
