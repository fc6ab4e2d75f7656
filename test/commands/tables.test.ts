import { expect, it } from '@jest/globals'
import { printable, textTable } from '../../src/commands/look/tables.ts'

it('a table has capital columns, three spaces between and no lines', () => {
  expect(
    textTable(
      ['node', 'ha status'],
      [
        ['a', 'active'],
        ['gateway-1', 'passive'],
      ],
    ),
  ).toBe('NODE        HA STATUS\na           active\ngateway-1   passive')
})

it('control characters of what others wrote are shown, not obeyed', () => {
  expect(printable('a\u001b[31mb\nc\u009bd')).toBe('a\\x1b[31mb\\x0ac\\x9bd')
})
