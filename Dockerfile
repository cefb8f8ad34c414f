# One image for every program of Switchboard; compose.yaml says which runs what.

FROM node:22-bookworm-slim AS front
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

FROM python:3.11-slim-bookworm AS packages
RUN python -m venv /venv
COPY requirements/run.txt requirements/s3.txt ./
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r run.txt -r s3.txt

FROM python:3.11-slim-bookworm
ENV PATH="/venv/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data
RUN groupadd --gid 10001 switchboard \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin switchboard \
    && install --directory --owner=switchboard --group=switchboard /data /data/media
WORKDIR /app
COPY --from=packages /venv /venv
COPY --from=front /app/node_modules ./node_modules
COPY . .
# The static files are part of the image; only /data/media outlives it (a volume).
RUN SECRET_KEY=not-used-after-this-line python manage.py collectstatic --no-input
USER switchboard
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", \
     "--workers", "2", "--blocking-threads", "32", "--backpressure", "128", \
     "--respawn-failed-workers", "--workers-kill-timeout", "20", "--no-ws", \
     "dashboard.wsgi:application"]
