# The application alone: PostGIS is the compose file's other service.
FROM python:3.12-slim-bookworm AS assets
WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY web/__init__.py web/vendor.py web/
RUN python -m web.vendor

FROM python:3.12-slim-bookworm
# backup and restore call pg_dump and pg_restore; printed sheets are set by pango in a font that has Chinese
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends postgresql-client \
    libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 10001 muster && install -d -o muster /var/lib/muster
WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
COPY --from=assets /app/web/static/vendor web/static/vendor
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e .
USER muster
EXPOSE 8600
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8600/health', timeout=2)"]
CMD ["muster", "serve", "--host", "0.0.0.0", "--port", "8600"]
