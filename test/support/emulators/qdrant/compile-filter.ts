import { Compile } from 'typebox/compile';
import type { Point } from './collection.ts';
import { conditionSchema, filterSchema, fulfils } from './filter.ts';
import { badFormat } from './refusals.ts';

export type Predicate = (point: Point) => boolean;

const filters = Compile(filterSchema);
const conditions = Compile(conditionSchema);

const NO_VARIANT = 'data did not match any variant of untagged enum Condition';

/** All of `must`, none of `must_not` and, where there are any, one of `should`. Throws Refusal for anything else. */
export function compileFilter(filter: unknown): Predicate {
  if (!filters.Check(filter)) throw badFormat(NO_VARIANT);
  const must = compileClause(filter.must);
  const mustNot = compileClause(filter.must_not);
  const should = compileClause(filter.should);
  return (point) => must.every((part) => part(point))
    && !mustNot.some((part) => part(point))
    && (should.length === 0 || should.some((part) => part(point)));
}

function compileClause(clause: unknown): Predicate[] {
  if (clause === undefined || clause === null) return [];
  return [clause].flat().map(compileCondition);
}

function compileCondition(condition: unknown): Predicate {
  if (conditions.Check(condition)) return (point) => fulfils(point, condition);
  return compileFilter(condition);
}
