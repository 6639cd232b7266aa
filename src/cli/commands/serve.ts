import type { Command } from '../command.ts';

/** `banyan serve`: the same as `npm start`. */
export const serveCommand: Command = {
  usage: 'serve',
  doc: 'Runs the service in the foreground until Ctrl-C; running answers get BANYAN_DRAIN_TIMEOUT_MS to end. What it does is set by the settings alone.',
  options: {},
  takesPositionals: false,
  run: async (_args, { env }) => {
    const { serve } = await import('#src/serve.ts');
    await serve(env);
    return 0;
  },
};
