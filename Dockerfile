# Built in one stage, run in another: no compiler, no root, nothing written but /data and /tmp.
FROM python:3.11-slim AS build
COPY requirements.run.lock pyproject.toml README.md LICENSE argosy.py /src/
COPY data /src/data
COPY features /src/features
COPY models /src/models
COPY training /src/training
COPY decisions /src/decisions
COPY serving /src/serving
RUN python -m venv /opt/argosy \
 && /opt/argosy/bin/pip install --no-cache-dir "uv>=0.9" \
 && /opt/argosy/bin/uv pip install --no-cache --python /opt/argosy/bin/python --require-hashes -r /src/requirements.run.lock \
 && /opt/argosy/bin/uv pip install --no-cache --python /opt/argosy/bin/python --no-deps /src

FROM python:3.11-slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --no-create-home argosy \
 && install -d -o argosy -g argosy /data
COPY --from=build /opt/argosy /opt/argosy
ENV PATH=/opt/argosy/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MPLCONFIGDIR=/tmp/matplotlib \
    ARGOSY_HOME=/data
USER 10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["argosy"]
CMD ["serve", "--host", "0.0.0.0", "--workers", "2"]
