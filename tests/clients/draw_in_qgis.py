"""Draw a theatre of a running server with QGIS, without a screen; arguments: SERVER THEATRE DATE PICTURE.

Run by the Python that QGIS is installed for (`python3-qgis` of Debian). Prints what QGIS could not read of
the style, a line each, and ends with 1 where there is any.
"""

from __future__ import annotations

import json
import math
import os
import sys
import urllib.parse
import urllib.request

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsMapBoxGlStyleConversionContext,
    QgsMapBoxGlStyleConverter,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
    QgsUnitTypes,
    QgsVectorTileLayer,
)
from qgis.PyQt.QtCore import QEventLoop, QSize
from qgis.PyQt.QtGui import QColor


def main(server: str, name: str, date: str, picture: str) -> int:
    """Write *picture*, a PNG; return the exit code."""
    with urllib.request.urlopen(f"{server}/styles/{name}-over.json?datetime={date}") as answer:
        style = json.load(answer)
    source = style["sources"]["tileserver"]
    url = urllib.parse.quote(source["tiles"][0], safe="{}")
    layer = QgsVectorTileLayer(f"type=xyz&url={url}&zmin={source['minzoom']}&zmax={source['maxzoom']}", name)
    converter = QgsMapBoxGlStyleConverter()
    context = QgsMapBoxGlStyleConversionContext()
    context.setTargetUnit(QgsUnitTypes.RenderMillimeters)
    context.setPixelSizeConversionFactor(25.4 / 96)  # millimetres a pixel, as the desktop has it
    converter.convert(json.dumps(style), context)
    layer.setRenderer(converter.renderer())
    unread = [*converter.warnings(), converter.errorMessage()]

    mercator = QgsCoordinateReferenceSystem("EPSG:3857")
    to_mercator = QgsCoordinateTransform(
        QgsCoordinateReferenceSystem("EPSG:4326"), mercator, QgsProject.instance()
    )
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(mercator)
    # Where the style looks: its tiles may reach much further than what a reader looks for.
    centre = to_mercator.transform(QgsPointXY(*style["center"]))
    metres = 2 * math.pi * 6378137 / 512 / 2 ** style["zoom"]  # of a pixel
    settings.setExtent(QgsRectangle.fromCenterAndSize(centre, 1000 * metres, 700 * metres))
    settings.setOutputSize(QSize(1000, 700))
    settings.setBackgroundColor(QColor("white"))
    job = QgsMapRendererSequentialJob(settings)
    done = QEventLoop()
    job.finished.connect(done.quit)
    job.start()
    done.exec_()
    job.renderedImage().save(picture)
    print("\n".join(filter(None, unread)))
    return 1 if any(unread) else 0


if __name__ == "__main__":
    application = QgsApplication([], False)
    application.initQgis()
    code = main(*sys.argv[1:])
    application.exitQgis()
    sys.exit(code)
