export type HealthStatus = 'healthy' | 'degraded' | 'critical';
export type ComponentStatus = 'up' | 'down' | 'degraded';

export interface HealthReport {
  readonly status: HealthStatus;
  readonly components: Readonly<Record<string, ComponentStatus>>;
}

/** A part of the service that has a health of its own. */
export interface Component {
  readonly name: string;
  /** Without it no question can be answered, or no answer kept. */
  readonly isVital: boolean;
  check(): ComponentStatus;
}

/** Critical when a vital part is down, degraded when any part is not up. What is not configured is not a component. */
export function assess(components: readonly Component[]): HealthReport {
  const checked = components.map((component) => ({ component, status: component.check() }));
  const isCritical = checked.some(({ component, status }) => component.isVital && status === 'down');
  const isDegraded = checked.some(({ status }) => status !== 'up');
  return {
    status: isCritical ? 'critical' : isDegraded ? 'degraded' : 'healthy',
    components: Object.fromEntries(checked.map(({ component, status }) => [component.name, status])),
  };
}
