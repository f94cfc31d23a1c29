//! Lots on a transfer, and a kit, in the story whose invariants are broken; and what breaks theirs.

use entity::prelude::*;
use entrepot::{
    ledger::Command,
    orders::core::{NewStatus, OrderCommand},
    transfers::core::{self as transfers, Arrival, Begin, NewTransfer, Parcel, PlannedQuantity, Shipment, TransferCommand},
};
use uuid::Uuid;

use super::{
    broken::{Case, case},
    factory::{CommandFactory, q},
    world::{MUG, POSTER, World, product_row},
};

/// A transfer of two units of a product with lots, of which one has arrived; and an order of a kit,
/// of which one has shipped.
pub async fn story(world: &World, tenant: TenantId, make: &CommandFactory, cheese: ProductId) -> Vec<(&'static str, Uuid)> {
    let submit = async |command: Command| world.ledger.submit(tenant, command, None).await.unwrap().unwrap();
    let mut own = make.clone();
    own.products[MUG] = cheese;
    let keys = vec![own.key(MUG, 0), own.key(MUG, 1)];
    let transfer: TransferId = world.clock.document_id();
    let mut sent = Vec::new();
    let lines = vec![Parcel { line: transfer.line(1), quantity: q(1), lots: Vec::new() }];
    for step in [
        transfers::Step::Create(NewTransfer {
            from: make.stores[0],
            to: make.stores[1],
            external_ref: None,
            note: None,
            expected_at: None,
            metadata: None,
            begin: Begin::Draft,
            lines: vec![PlannedQuantity { product: cheese, quantity: q(2) }],
        }),
        transfers::Step::Ready { seen: 1, reservations: vec![world.clock.id()] },
        transfers::Step::Ship(Shipment { lines: None, occurred_at: None, note: None }),
        transfers::Step::Receive(Arrival { lines: Some(lines), occurred_at: None, note: None }),
    ] {
        let movements = [world.clock.document_id(), world.clock.document_id()];
        let steps = transfers::Steps { transfer, actor: make.actor, expected_version: None, step, sent: sent.clone(), movements };
        let receipt = submit(Command::of(TransferCommand(Box::new(steps), keys.clone()))).await;
        sent.extend(receipt.movements.iter().flat_map(|movement| &movement.entries).filter_map(|entry| entry.lot));
    }
    let kit = world.clock.id();
    let work = world.db.tenant(tenant).begin().await.unwrap();
    work.insert::<entity::product::Entity>(product_row(tenant, kit, 78, world.clock.now())).await.unwrap();
    work.execute("UPDATE product SET is_kit = 1, stock_policy = 'UNTRACKED' WHERE tenant_id = $1 AND id = $2", vec![kit.into()])
        .await
        .unwrap();
    work.execute(
        "INSERT INTO kit_component (tenant_id, kit_id, component_id, position, quantity) VALUES ($1, $2, $3, 1, 2)",
        vec![kit.into(), make.products[MUG].into()],
    )
    .await
    .unwrap();
    work.commit().await.unwrap();
    own.products[POSTER] = kit;
    let (boxed, command) = own.order(NewStatus::Confirmed, &[(POSTER, 3)]);
    submit(command).await;
    let ship = own.fulfilling(boxed, None, Some(&[(1, 1)]));
    submit(Command::of(OrderCommand::Fulfil(ship, make.keys([MUG])))).await;
    vec![("parted", transfer.uuid()), ("kit", kit.uuid()), ("boxed", boxed.uuid())]
}

/// Statements that break the invariants of lots on documents and of kits.
pub const CASES: &[Case] = &[
    case("UPDATE transfer_line_lot SET shipped = shipped + 1 WHERE @", &["transfer line: its lots sum", "transfer lot: sent"]),
    case("UPDATE transfer_line_lot SET lot_id = {lot} WHERE @ AND transfer_id = {parted}", &["transfer lot: sent"]),
    case(
        "UPDATE count_line SET lot_key = 'x', lot_code = 'x' WHERE @ AND count_id = {counted}",
        &[
            "count line: it has the stored",
            "count line: its figures equal",
            "count line: a completed",
            "movement: each entry",
            "references: every referenced row exists in",
        ],
    ),
    case("UPDATE product SET stock_policy = 'TRACKED' WHERE @ AND id = {kit}", &["kit: it is UNTRACKED"]),
    case("UPDATE product SET stock_policy = 'UNTRACKED' WHERE @ AND id = {mug}", &["kit: its components are stocked"]),
    case(
        "UPDATE order_line SET stock_policy = 'TRACKED' WHERE @ AND order_id = {boxed}",
        &["order line: one that takes", "order line: the SALE entries", "work: the units that stores"],
    ),
    case(
        "UPDATE order_line_part SET quantity = 1 WHERE @ AND order_id = {boxed}",
        &["reservation: an order's hold", "order line: the SALE entries", "work: the units that stores"],
    ),
];
