# Debian's Prometheus, Alertmanager and node exporter in the place of their makers' images, which the proof cannot fetch: the
# same programs at the same places, run by the same users.
ARG BASE_IMAGE
FROM ${BASE_IMAGE} AS programs
RUN apt-get update \
    && apt-get install -y --no-install-recommends prometheus prometheus-alertmanager prometheus-node-exporter \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*

FROM programs AS prometheus
RUN install -d -o 65534 -g 65534 /prometheus
ENTRYPOINT ["/usr/bin/prometheus"]

FROM programs AS alertmanager
RUN install -d -o 65534 -g 65534 /alertmanager
ENTRYPOINT ["/usr/bin/prometheus-alertmanager"]

FROM programs AS machine
ENTRYPOINT ["/usr/bin/prometheus-node-exporter"]
