# The version is the one of `optionalDependencies` in package.json: one Node everywhere.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY agents ./agents
COPY config ./config
COPY scripts ./scripts
COPY src ./src
COPY supervisors ./supervisors
RUN node scripts/build.mjs

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The image has its own Node and a finished dist/: without the bundled Node and the bundler it is 130 MB smaller.
RUN npm ci --omit=dev --ignore-scripts \
  && rm -rf node_modules/node-linux-* node_modules/esbuild node_modules/@esbuild node_modules/.bin

FROM ${NODE_IMAGE}
ENV NODE_ENV=production \
  BANYAN_HOST=0.0.0.0 \
  BANYAN_PORT=4000 \
  BANYAN_DATA_DIR=/data
WORKDIR /app
RUN install -d -o node -g node /data
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY bin ./bin
COPY docs ./docs
USER node
VOLUME /data
EXPOSE 4000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.BANYAN_PORT}/livez`).then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "dist/main.js"]
