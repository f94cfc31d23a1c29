//! Order of turns, and commands that share a transaction.

use super::*;
use crate::storage::group_commit::limits::{MAX_COMMANDS, MAX_TENANTS_ASIDE};

fn tenant(n: u128) -> TenantId {
    TenantId::from_uuid(uuid::Uuid::from_u128(n))
}
fn push(waiting: &mut WaitingCommands<usize>, n: u128, command: usize) {
    waiting.push(tenant(n), command);
}
fn counts(batches: &[Batch<usize>]) -> Vec<(u128, usize)> {
    batches.iter().map(|batch| (batch.tenant.uuid().as_u128(), batch.commands.len())).collect()
}
/// Returns tenants with their number of commands: those of the next shared transaction, and those
/// with one of their own.
fn both(waiting: &mut WaitingCommands<usize>) -> [Vec<(u128, usize)>; 2] {
    let NextBatches { shared, heavy } = waiting.next_batches(|weight| *weight, MAX_TENANTS_ASIDE);
    [counts(&shared), counts(&heavy)]
}
/// Returns the next shared transaction, if no command is heavy.
fn next(waiting: &mut WaitingCommands<usize>) -> Vec<(u128, usize)> {
    let [shared, heavy] = both(waiting);
    assert_eq!(heavy, []);
    shared
}

#[test]
fn tenants_share_a_transaction_in_equal_parts_and_fill_what_is_left() {
    let mut waiting = WaitingCommands::new(MAX_COMMANDS);
    (0..2 * MAX_COMMANDS).for_each(|_| push(&mut waiting, 1, 0));
    (0..3).for_each(|_| push(&mut waiting, 2, 0));
    assert_eq!(next(&mut waiting), [(1, MAX_COMMANDS - 3), (2, 3)]);
    assert_eq!(next(&mut waiting), [(1, MAX_COMMANDS)]);
    assert_eq!(next(&mut waiting), [(1, 3)]);
    assert_eq!((next(&mut waiting), waiting.count, waiting.ready), (vec![], 0, 0));
}

#[test]
fn of_more_tenants_than_fit_the_others_come_next() {
    let mut waiting = WaitingCommands::new(2);
    (1..=3).for_each(|n| (0..2).for_each(|_| push(&mut waiting, n, 1)));
    assert_eq!(next(&mut waiting), [(1, 1), (2, 1)]);
    assert_eq!(next(&mut waiting), [(3, 1), (1, 1)]);
    assert_eq!(next(&mut waiting), [(2, 1), (3, 1)]);
}

#[test]
fn no_tenant_takes_more_than_its_part_of_the_lines() {
    let mut waiting = WaitingCommands::new(MAX_COMMANDS);
    (0..5).for_each(|_| push(&mut waiting, 1, HEAVY_WEIGHT));
    push(&mut waiting, 2, 1);
    assert_eq!(next(&mut waiting), [(1, SHARED_WEIGHT / 2 / HEAVY_WEIGHT), (2, 1)]);
    (2..=32).for_each(|n| push(&mut waiting, n, 1));
    let shared = next(&mut waiting);
    assert_eq!((shared[0], shared.len()), ((1, 1), 32), "a command that is not heavy always fits");
    assert_eq!(next(&mut waiting), [(1, 2)], "alone it takes all");
}

#[test]
fn a_heavy_command_runs_alone() {
    let mut waiting = WaitingCommands::new(MAX_COMMANDS);
    [1, HEAVY_WEIGHT + 1, 1, MAX_WEIGHT + 1].into_iter().for_each(|weight| push(&mut waiting, 1, weight));
    push(&mut waiting, 2, HEAVY_WEIGHT);
    assert_eq!(both(&mut waiting), [vec![(1, 1), (2, 1)], vec![]], "what came before it goes first");
    push(&mut waiting, 2, 1);
    assert_eq!(both(&mut waiting), [vec![(2, 1)], vec![(1, 2)]], "its tenant's next commands fit its transaction");
    assert_eq!(both(&mut waiting), [vec![], vec![(1, 1)]], "also where it alone is over every limit");
    assert_eq!((both(&mut waiting), waiting.count, waiting.ready), ([vec![], vec![]], 0, 0));
}

#[test]
fn heavy_commands_run_a_few_at_a_time_and_the_rest_stands_in_line() {
    let mut waiting = WaitingCommands::new(MAX_COMMANDS);
    (1..=3).for_each(|n| push(&mut waiting, n, MAX_WEIGHT));
    [(1, 1), (4, 1)].into_iter().for_each(|(n, command)| push(&mut waiting, n, command));
    assert_eq!(both(&mut waiting), [vec![(4, 1)], vec![(1, 1), (2, 1)]]);
    (1..=2).for_each(|n| waiting.set_aside(tenant(n)));
    push(&mut waiting, 4, 1);
    assert_eq!(both(&mut waiting), [vec![(4, 1)], vec![]]);
    assert_eq!((waiting.count, waiting.ready, waiting.count_stuck_tenants()), (2, 0, 0), "nothing is worth planning");
    push(&mut waiting, 3, 1);
    assert_eq!(waiting.ready, 0, "it waits behind the heavy one");
    waiting.readmit_tenants(tenant(2));
    assert_eq!((both(&mut waiting), waiting.count), ([vec![], vec![(3, 1)]], 2));
}

#[test]
fn whoever_stands_in_line_comes_before_the_tenant_that_had_the_place() {
    let mut waiting = WaitingCommands::new(MAX_COMMANDS);
    (1..=3).for_each(|n| (0..2).for_each(|_| push(&mut waiting, n, MAX_WEIGHT)));
    assert_eq!(both(&mut waiting), [vec![], vec![(1, 1), (2, 1)]]);
    (1..=2).for_each(|n| waiting.set_aside(tenant(n)));
    assert_eq!(both(&mut waiting), [vec![], vec![]]);
    push(&mut waiting, 4, MAX_WEIGHT);
    waiting.readmit_tenants(tenant(1));
    assert_eq!(both(&mut waiting), [vec![], vec![(3, 1)]], "before one that came later as well");
    waiting.set_aside(tenant(3));
    assert_eq!(both(&mut waiting), [vec![], vec![]]);
    waiting.readmit_tenants(tenant(2));
    assert_eq!(both(&mut waiting), [vec![], vec![(4, 1)]]);
    waiting.set_aside(tenant(4));
    assert_eq!(both(&mut waiting), [vec![], vec![]]);
    waiting.readmit_tenants(tenant(4));
    assert_eq!(both(&mut waiting), [vec![], vec![(1, 1)]]);
}

#[test]
fn room_is_kept_for_a_heavy_command_until_it_has_a_transaction() {
    let mut waiting = WaitingCommands::new(MAX_COMMANDS);
    push(&mut waiting, 1, MAX_WEIGHT);
    push(&mut waiting, 2, 1);
    let NextBatches { shared, heavy } = waiting.next_batches(|weight| *weight, 0);
    assert_eq!((counts(&shared), counts(&heavy)), (vec![(2, 1)], vec![]));
    assert!(waiting.keeps_room, "what needs locks has taken all");
    waiting.readmit_tenants(tenant(3));
    assert!(waiting.keeps_room, "it was not taken yet");
    assert_eq!(both(&mut waiting), [vec![], vec![(1, 1)]]);
    assert!(!waiting.keeps_room && waiting.has(tenant(1)), "it is on its way");
}

#[test]
fn a_tenant_in_line_that_is_set_aside_is_let_in_by_its_own_transaction_alone() {
    let mut waiting = WaitingCommands::new(MAX_COMMANDS);
    push(&mut waiting, 1, MAX_WEIGHT);
    let NextBatches { shared, heavy } = waiting.next_batches(|weight| *weight, 0);
    assert_eq!((shared.len(), heavy.len(), waiting.ready), (0, 0, 0), "there is no room beside the lane");
    waiting.set_aside(tenant(1));
    waiting.readmit_tenants(tenant(2));
    assert_eq!(both(&mut waiting), [vec![], vec![]]);
    waiting.readmit_tenants(tenant(1));
    assert_eq!(both(&mut waiting), [vec![], vec![(1, 1)]]);
}

#[test]
fn a_tenant_that_is_set_aside_waits_and_keeps_its_order_while_others_go_on() {
    let mut waiting = WaitingCommands::new(MAX_COMMANDS);
    [(1, MAX_WEIGHT), (1, 11)].into_iter().for_each(|(n, command)| push(&mut waiting, n, command));
    let first = waiting.next_batches(|weight| *weight, MAX_TENANTS_ASIDE).heavy.remove(0);
    assert_eq!((first.tenant, &first.commands[..]), (tenant(1), &[MAX_WEIGHT][..]));
    waiting.return_aside_batch(first);
    [(1, 12), (2, 20)].into_iter().for_each(|(n, command)| push(&mut waiting, n, command));
    assert_eq!((waiting.count, waiting.ready), (4, 1));
    assert_eq!(next(&mut waiting), [(2, 1)]);
    assert_eq!(next(&mut waiting), [], "it has no turns");
    waiting.readmit_tenants(tenant(1));
    let again = waiting.next_batches(|_| 1, MAX_TENANTS_ASIDE).shared.remove(0);
    assert_eq!((again.tenant, &again.commands[..]), (tenant(1), &[MAX_WEIGHT, 11, 12][..]));
    assert_eq!((waiting.count, waiting.ready), (0, 0));
}

#[test]
fn what_is_put_back_is_first_and_waits_with_a_tenant_that_is_set_aside() {
    let mut waiting = WaitingCommands::new(MAX_COMMANDS);
    [(1, 10), (2, 20)].into_iter().for_each(|(n, command)| push(&mut waiting, n, command));
    let second = waiting.next_batches(|_| 1, MAX_TENANTS_ASIDE).shared.remove(1);
    [(1, 11), (2, 21)].into_iter().for_each(|(n, command)| push(&mut waiting, n, command));
    waiting.requeue_front(second);
    assert_eq!((waiting.count, waiting.ready), (3, 3));
    let first = waiting.next_batches(|_| 1, MAX_TENANTS_ASIDE).shared.remove(0);
    assert_eq!((first.tenant, &first.commands[..]), (tenant(2), &[20, 21][..]));
    assert_eq!((waiting.count, waiting.ready), (0, 0));
    waiting.set_aside(tenant(2));
    waiting.requeue_front(first);
    assert_eq!((waiting.count, waiting.ready), (2, 0));
    waiting.readmit_tenants(tenant(2));
    assert_eq!((next(&mut waiting), waiting.ready), (vec![(2, 2)], 0));
}

#[test]
fn no_more_wait_than_are_written_in_time() {
    let mut waiting = WaitingCommands::new(MAX_COMMANDS);
    (0..QUEUE - 1).for_each(|_| push(&mut waiting, 1, 0));
    assert!(!waiting.is_full_for(tenant(1)), "nothing was measured yet");
    waiting.record_duration(1, MAX_WAIT);
    assert!(!waiting.is_full_for(tenant(1)), "a small transaction says nothing of how fast large ones are");
    waiting.record_duration(MAX_COMMANDS, MAX_WAIT / 4);
    assert!(waiting.is_full_for(tenant(2)), "1,024 are written in time");
    (0..12).for_each(|_| drop(next(&mut waiting)));
    assert!(!waiting.is_full_for(tenant(2)));
    waiting.record_duration(MAX_COMMANDS, 2 * MAX_WAIT);
    assert_eq!(waiting.room, MAX_COMMANDS, "what fits one transaction may always wait");
}

#[test]
fn commands_of_a_tenant_that_is_set_aside_count_for_it_alone() {
    let mut waiting = WaitingCommands::new(MAX_COMMANDS);
    waiting.record_duration(MAX_COMMANDS, MAX_WAIT);
    waiting.set_aside(tenant(1));
    (0..MAX_COMMANDS).for_each(|_| push(&mut waiting, 1, 1));
    assert!(waiting.is_full_for(tenant(1)) && !waiting.is_full_for(tenant(2)));
    waiting.readmit_tenants(tenant(1));
    assert!(waiting.is_full_for(tenant(2)), "others share transactions with them now");
}
