#!/usr/bin/env node
import { PART_OF_WORD } from '../src/commands/cli/parts.ts'
import { loadPart } from './parts.ts'

void loadPart(PART_OF_WORD[process.argv[2] ?? 'help'] ?? 'laptop')
