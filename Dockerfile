# agent-exporter: what constraints.txt pins, checked by its hashes, and in the last stage nothing that installs or builds.
# The tag of the base is exact; for a build that can be repeated byte for byte, add the digest that your registry shows:
#   docker build --build-arg PYTHON_IMAGE=python:3.11.15-slim-trixie@sha256:... .
ARG PYTHON_IMAGE=python:3.11.15-slim-trixie

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
# pip checks hashes only where it gets a full list, so the whole list is fetched and what is needed installed from it.
COPY constraints.txt ./
RUN pip download --require-hashes --no-deps --only-binary :all: --dest wheels -r constraints.txt
COPY pyproject.toml README.md LICENSE ./
COPY exporter ./exporter
RUN python -m venv --without-pip /opt/agent-exporter \
 && pip --python /opt/agent-exporter install --no-index --find-links wheels '.[postgres]'

FROM ${PYTHON_IMAGE}
RUN rm -rf /usr/local/lib/python3.11/site-packages/* /usr/local/lib/python3.11/ensurepip /usr/local/bin/pip* \
 && groupadd --gid 9464 agent-exporter \
 && useradd --uid 9464 --gid 9464 --no-create-home --home-dir /var/lib/agent-exporter --shell /usr/sbin/nologin agent-exporter \
 && install -d -o 9464 -g 9464 -m 0750 /var/lib/agent-exporter
COPY --from=build /opt/agent-exporter /opt/agent-exporter
ENV PATH=/opt/agent-exporter/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 9464:9464
WORKDIR /var/lib/agent-exporter
EXPOSE 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9464/healthz', timeout=4)"]
ENTRYPOINT ["agent-exporter"]
CMD ["serve"]
