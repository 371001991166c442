extension OperatorTable {
    /// What people may meet and will not find in the tables, and why: standard operators, and those of ONNX Runtime's own
    /// domain. The README's list of what is refused is made of this.
    static let refused: [String: String] = [
        "Adagrad": trains, "Adam": trains, "Gradient": trains, "Momentum": trains,
        "NegativeLogLikelihoodLoss": trains, "SoftmaxCrossEntropyLoss": trains,
        "Bernoulli": isRandom, "Multinomial": isRandom, "RandomNormal": isRandom, "RandomNormalLike": isRandom,
        "RandomUniform": isRandom, "RandomUniformLike": isRandom,
        "BitCast": "numbers are kept in single precision, whatever bits they had in the file",
        "DynamicQuantizeLSTM":
            "it rounds what each step reads to eight bits by that step's own extremes; export the network with the LSTM that it was made of",
        "ImageDecoder": "photos are decoded before a network sees them",
        "BlackmanWindow": isSound, "DFT": isSound, "HammingWindow": isSound, "HannWindow": isSound,
        "MelWeightMatrix": isSound, "STFT": isSound,
        "MaxRoiPool": "its regions are read by RoiAlign in the networks of today",
        "Optional": mayBeMissing, "OptionalGetElement": mayBeMissing, "OptionalHasElement": mayBeMissing,
        "SequenceMap": "lists of tensors exist only while a network is loaded",
        "RegexFullMatch": isText, "StringConcat": isText, "StringNormalizer": isText, "StringSplit": isText,
        "TfIdfVectorizer": isText,
        "TensorScatter": "it fills a cache that is kept from one run to the next, and every photo is a run of its own",
    ]

    private static let trains = "it serves training, and networks are only run here"
    private static let isRandom = "its results are random, so that no two runs would agree"
    private static let isSound = "it serves the spectra of sounds"
    private static let mayBeMissing = "every value of a network is there; export it without optional ones"
    private static let isText = "it works on text"
}
