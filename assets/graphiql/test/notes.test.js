// What the page reads from descriptions, and what it says of an operation. build.sh runs it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildSchema, parse } from 'graphql';
import { needsOf, noteOf } from '../src/notes.js';

const schema = buildSchema(`
  type Query {
    "Permission: order.read. Cost: 1 point and what its answer holds."
    orders: OrderConnection!
    "Permission: none beyond a login. Cost: 1 point and what its answer holds."
    me: Actor
    "Permission: product.read, stock.read. Cost: 1 point and what its answer holds."
    products: [Product!]!
    "Permission: customer.read. Cost: 1 point and what its answer holds."
    customers: [Customer!]!
  }
  type Mutation {
    "Permission: stock.adjust. Asks for a fresh login. Events: stock.changed. Cost: 10 points, plus 0.1 for each line of the input, and what its answer holds."
    adjust: AdjustPayload!
  }
  type OrderConnection {
    nodes: [Order!]!
    "Cost: 3 points."
    totalCount: Int!
  }
  "Permission: order.read. Cost: 0.1 points for each object."
  type Order {
    id: ID!
    "Masked: null without customer.read."
    customer: Customer
    "Masked: null without product.cost.read. Cost: 20 points."
    cost: Float
  }
  "Permission: customer.read."
  type Customer {
    name: String
    "Permission: order.read. Cost: 5 points."
    orders: [Order!]!
    "Permission: customer.contact.read."
    contact: String
  }
  type AdjustPayload { levels: [Level!]! }
  "Permission: stock.read. Cost: 0.05 points for each object."
  type Level { id: ID! product: Product }
  type Product {
    sku: String
    "Masked: null without product.cost.read."
    unitCost: Float
  }
  union Actor = Member | System
  "Permission: member.read."
  type Member { name: String }
  type System { name: String }
`);

/** Each need in short: what happens without it, and the places. */
function needs(query, operation) {
  return Object.fromEntries(needsOf(schema, parse(query), operation).map(({ permission, way, places }) => [permission, `${way} ${places.join(' ')}`]));
}

test('the last line of a description says permissions, the one of a mask, and the cost', () => {
  const note = (type, field) => noteOf(field ? schema.getType(type).getFields()[field] : schema.getType(type));
  assert.deepEqual(note('Query', 'products').asked, ['product.read', 'stock.read']);
  assert.deepEqual(note('Query', 'me').asked, []);
  assert.deepEqual(note('Mutation', 'adjust').asked, ['stock.adjust']);
  assert.deepEqual(note('OrderConnection', 'totalCount'), { asked: [], masked: '', cost: '3 points' });
  assert.deepEqual(note('Order', 'cost'), { asked: [], masked: 'product.cost.read', cost: '20 points' });
  assert.deepEqual(note('Customer', 'orders'), { asked: ['order.read'], masked: '', cost: '5 points' });
  assert.deepEqual(note('Level'), { asked: ['stock.read'], masked: '', cost: '0.05 points for each object' });
  assert.deepEqual(note('Order', 'id'), { asked: [], masked: '', cost: '' });
  assert.deepEqual(noteOf({ description: 'Permission: some text.\n\nPermission: a_b.read.' }).asked, ['a_b.read']);
  const both = 'Permission: a.read, b.read. Masked: null without c.read. Cost: 2 points.';
  assert.deepEqual(noteOf({ description: both }), { asked: ['a.read', 'b.read'], masked: 'c.read', cost: '2 points' });
  assert.deepEqual(noteOf({ description: 'Permission of the caller.' }), { asked: [], masked: '', cost: '' });
});

test('an operation needs what its fields and their types ask, at the first field of each way that does', () => {
  assert.deepEqual(needs('{ orders { nodes { id customer { name contact orders { cost } } } totalCount } }'), {
    'order.read': 'REFUSED Query.orders',
    'customer.read': 'MASKED Order.customer',
    'customer.contact.read': 'REFUSED Customer.contact',
    'product.cost.read': 'MASKED Order.cost',
  });
  assert.deepEqual(needs('mutation { adjust { levels { id product { unitCost } } } }'), {
    'stock.adjust': 'REFUSED Mutation.adjust',
    'stock.read': 'REFUSED AdjustPayload.levels',
    'product.cost.read': 'MASKED Product.unitCost',
  });
  assert.deepEqual(needs('{ __typename me { __typename } }'), {});
});

test('what refuses counts more than what masks', () => {
  const [masked, refused] = ['orders { nodes { customer { name } } }', 'customers { name }'];
  assert.equal(needs(`{ ${masked} }`)['customer.read'], 'MASKED Order.customer');
  for (const query of [`{ ${masked} ${refused} }`, `{ ${refused} ${masked} }`]) assert.equal(needs(query)['customer.read'], 'REFUSED Query.customers');
  assert.equal(needs('{ me { ... on Member { name } } }')['member.read'], 'CONDITION Member');
});

test('fragments are followed where they are spread, and one that spreads itself ends', () => {
  const query = `
    query A { orders { nodes { ...O } } }
    query B { me { ... on System { name } } }
    fragment O on Order { customer { ...C } }
    fragment C on Customer { contact orders { ...O } }
    fragment Unused on Product { unitCost }`;
  const ofA = { 'order.read': 'REFUSED Query.orders', 'customer.read': 'MASKED Order.customer', 'customer.contact.read': 'REFUSED Customer.contact' };
  assert.deepEqual(needs(query, 'A'), ofA);
  assert.deepEqual(needs(query, 'B'), {});
  assert.deepEqual(needs(query, null), ofA, 'all operations where none is chosen');
});

test('fragments in one another are followed once below the same permissions', () => {
  const more = Array.from({ length: 40 }, (_, n) => `fragment F${n} on Order { ...F${n + 1} ...F${n + 1} }`).join(' ');
  const query = `{ orders { nodes { ...F0 } } customers { orders { ...F40 } } } ${more} fragment F40 on Order { cost }`;
  assert.deepEqual(needs(query), {
    'order.read': 'REFUSED Query.orders Customer.orders', 'customer.read': 'REFUSED Query.customers', 'product.cost.read': 'MASKED Order.cost',
  });
});

test('what is left out in any case is not needed, nor is what the schema does not have', () => {
  assert.deepEqual(needs('query ($y: Boolean!) { orders @skip(if: true) { totalCount } products @include(if: $y) { sku } nothing { at { all } } }'), {
    'product.read': 'REFUSED Query.products', 'stock.read': 'REFUSED Query.products',
  });
  assert.deepEqual(needs('{ ... @defer(if: false) { orders { totalCount } } }'), { 'order.read': 'REFUSED Query.orders' });
  assert.deepEqual(needs('{ ... @include(if: false) { orders { totalCount } } ...None ... on Nothing { a } }'), {});
});
