# The build needs the development dependencies; the image that runs carries the package and what it needs at run time.
FROM node:24-bookworm-slim AS build
WORKDIR /app
ENV PATH=$PATH:/app/node_modules/.bin
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node scripts/build.ts
RUN cp node_modules/vega-datasets/data/movies.json films.json
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim AS sluice
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json /app/LICENSE ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/topologies ./topologies
COPY --from=build /app/schemas ./schemas
USER node
EXPOSE 9464
STOPSIGNAL SIGTERM
# answers while the event loop turns, whatever the broker does
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/livez').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/cli/main.js"]

# Delivers films to movies.raw, for the demonstration alone.
FROM sluice AS feeder
COPY --from=build /app/films.json ./films.json
COPY deploy/compose/feed.ts ./feed.ts
HEALTHCHECK NONE
ENTRYPOINT ["node", "/app/feed.ts", "/app/films.json"]
