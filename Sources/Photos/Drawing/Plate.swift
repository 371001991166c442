/// What stands on a plate, measured; coordinates are relative to the plate's corner.
package struct PlateBody: Hashable {
    package enum Element: Hashable {
        case text(String, size: Int, x: Int, y: Int)
        case symbol(LegendSymbol, x: Int, y: Int, width: Int, height: Int)
        case sign(OverlayVerdict.Sign, x: Int, y: Int, side: Int)
    }

    package let width: Int
    package let height: Int
    package var elements: [Element]

    package var area: Int { width * height }
}

/// A plate that has its place.
package struct Plate: Hashable {
    /// In the order of their rights: what comes first stays when there is no room for all.
    package enum Kind: Int, Hashable, CaseIterable {
        case verdict, caption, legend

        /// How much of the area that plates may cover is used when plates of this kind have their places, at most.
        var shareOfArea: Double {
            switch self {
            case .verdict: 0.55
            case .caption: 0.7
            case .legend: 1
            }
        }
    }

    package let kind: Kind
    /// Whole pixels.
    package let rectangle: PixelRectangle
    package let body: PlateBody
    /// Of captions, whose box it belongs to.
    package let group: Int

    package var texts: [String] {
        body.elements.compactMap { element in
            guard case .text(let text, _, _, _) = element else { return nil }
            return text
        }
    }

    package var symbols: [LegendSymbol] {
        body.elements.compactMap { element in
            guard case .symbol(let symbol, _, _, _, _) = element else { return nil }
            return symbol
        }
    }
}

/// What the legend shows beside its words.
package enum LegendSymbol: Hashable {
    /// The colours of the heat, and whether lines are drawn on it.
    case scale(hasLines: Bool)
    /// From black to white.
    case greyScale
    /// A frame; of which label, or of the part looked at closer.
    case box(group: Int)
    case closerLook
    case outline(RGBColor)
    case hatch

    /// In sizes of the text.
    var width: Double {
        switch self {
        case .scale, .greyScale: 5
        default: 1.8
        }
    }
}
